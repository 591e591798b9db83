import {spawnSync} from 'node:child_process'
import {mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, relative, sep} from 'node:path'
import {gzipSync} from 'node:zlib'
import {git} from './git.mjs'

/**
 * What a runner downloads for each job, so no more than actions and the command line need, and what GitHub shows of a tag. `.github` stays as it is on main:
 * the token of a workflow may not push a commit whose workflows differ from those that are there.
 */
const KEPT = [
  /^\.github\//,
  /^actions\/[^/]+\/(?:action\.yml|README\.md)$/,
  /^docs\//,
  /^workflows-examples\//,
  /^runner-images\/[^/]+\/(?:README\.md|Dockerfile|values\.yaml)$/,
  /^(?:README|SECURITY|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^package\.json$/
]
const NEEDED = ['index.js', 'trainyard.js', 'validate-data.js', 'licenses.txt']
const AUTHOR = {name: 'github-actions[bot]', email: '41898282+github-actions[bot]@users.noreply.github.com'}

/**
 * Writes the release's commit: child of HEAD, on no branch, with `dist` and without what only builds and tests need. HEAD, index and files stay as they are.
 * The same HEAD and the same dist are the same commit, whenever and wherever it is made.
 */
export function commitRelease(root, version, dist) {
  const files = filesOf(dist)
  const missing = NEEDED.filter(name => !files.includes(name))
  if (missing.length > 0) throw new Error(`${dist}: has no ${missing.join(', ')}; npm run build`)
  const scratch = mkdtempSync(join(tmpdir(), 'release-'))
  const env = {GIT_INDEX_FILE: join(scratch, 'index')}
  try {
    git(root, ['read-tree', 'HEAD'], {env})
    const tracked = git(root, ['ls-files', '-z'], {env}).split('\0').filter(Boolean)
    const left = tracked.filter(path => !KEPT.some(kept => kept.test(path)))
    git(root, ['update-index', '-z', '--force-remove', '--stdin'], {env, input: left.map(path => `${path}\0`).join('')})
    git(root, ['update-index', '-z', '--index-info'], {env, input: entries(root, dist, files)})
    return written(root, version, git(root, ['write-tree'], {env}))
  } finally {
    rmSync(scratch, {recursive: true, force: true})
  }
}

/** An artifact carries no modes, so they are said here. */
function entries(root, dist, files) {
  const input = files.map(name => `${join(dist, name)}\n`).join('')
  const blobs = git(root, ['hash-object', '-w', '--no-filters', '--stdin-paths'], {input}).split('\n')
  return files.map((name, at) => `${name === 'trainyard.js' ? '100755' : '100644'} ${blobs[at]}\tdist/${name}\0`).join('')
}

function written(root, version, tree) {
  const [head, date] = git(root, ['log', '-1', '--format=%H %cI', 'HEAD']).split(' ')
  const people = ['AUTHOR', 'COMMITTER'].flatMap(role => [
    [`GIT_${role}_NAME`, AUTHOR.name],
    [`GIT_${role}_EMAIL`, AUTHOR.email],
    [`GIT_${role}_DATE`, date]
  ])
  const message = `Release v${version}\n\nBuilt from ${head}.\n`
  return git(root, ['commit-tree', tree, '-p', head, '-F', '-'], {input: message, env: Object.fromEntries(people)})
}

function filesOf(folder) {
  const names = readdirSync(folder, {recursive: true}).map(String)
  return names
    .filter(name => statSync(join(folder, name)).isFile())
    .map(name => relative(folder, join(folder, name)).replaceAll(sep, '/'))
    .sort()
}

/** Writes the commit's tree as a `.tar.gz` whose bytes depend on nothing else; returns its size. */
export function archive(root, version, commit, file) {
  const {status, stdout, stderr} = spawnSync('git', ['archive', '--format=tar', `--prefix=trainyard-${version}/`, commit], {
    cwd: root,
    maxBuffer: 2 ** 30
  })
  if (status !== 0) throw new Error(`git archive failed: ${stderr.toString().trim()}`)
  const packed = gzipSync(stdout, {level: 9})
  writeFileSync(file, packed)
  return packed.length
}
