import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {NOBODY, namings, OWNER} from '../owner.mjs'
import {git, gitRemote} from './git.mjs'
import {notesOf} from './notes.mjs'

/** Everything that keeps this checkout from becoming the release, a line each; an empty list is a go. */
export function obstacles(root, version) {
  if (!/^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}$/.test(version)) return [`${version}: is no version; expected X.Y.Z`]
  return [...numbers(root, version), ...names(root, version), ...state(root)]
}

function numbers(root, version) {
  const found = []
  const said = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
  if (said !== version) found.push(`package.json says ${said}, and the release is ${version}: change one of them`)
  const changelog = join(root, 'CHANGELOG.md')
  const notes = existsSync(changelog) ? notesOf(readFileSync(changelog, 'utf8'), version) : undefined
  if (!notes) found.push(`CHANGELOG.md: has no section "## [${version}] - YYYY-MM-DD" with what changed`)
  return found
}

/** What the documents tell people to write after `uses:` must be there once the release is. */
function names(root, version) {
  const unnamed = [...namings(root, NOBODY).keys()]
  if (unnamed.length > 0)
    return [`${NOBODY} still stands in ${unnamed.length} files, such as ${unnamed[0]}: node .ci/owner.mjs NAME, and commit`]
  const {GITHUB_REPOSITORY: here} = process.env
  if (here && here.toLowerCase() !== `${OWNER}/trainyard`.toLowerCase())
    return [`the documents say ${OWNER}/trainyard, and this repository is ${here}: node .ci/owner.mjs ${here.split('/')[0]}, and commit`]
  const major = `v${version.split('.')[0]}`
  const uses = new RegExp(String.raw`uses: ${OWNER}/trainyard/\S+@(v\d+)`, 'g')
  const other = [...namings(root).keys()].flatMap(path =>
    [...readFileSync(join(root, path), 'utf8').matchAll(uses)].filter(([, ref]) => ref !== major).map(([, ref]) => `${path} uses @${ref}`)
  )
  return other.length === 0 ? [] : [`${other[0]}${other.length > 1 ? ` (and ${other.length - 1} more)` : ''}, and the release is ${major}`]
}

function state(root) {
  const found = []
  const dirty = git(root, ['status', '--porcelain']).split('\n').filter(Boolean)
  if (dirty.length > 0)
    found.push(
      `the checkout has changes that no commit holds: ${dirty
        .slice(0, 5)
        .map(line => line.slice(3))
        .join(', ')}`
    )
  gitRemote(root, ['fetch', '--quiet', 'origin', 'main'])
  const head = git(root, ['rev-parse', 'HEAD'])
  if (git(root, ['merge-base', head, 'FETCH_HEAD']) !== head) found.push(`${head.slice(0, 12)} is not on main: release what was merged`)
  return found
}
