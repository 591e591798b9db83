// The account that this repository lives under, in one place. `node .ci/owner.mjs NAME` gives it a home: it rewrites this constant and every text that names it.
import {execFileSync} from 'node:child_process'
import {readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'

export const OWNER = 'OWNER'
/** What stands until the repository has a home. */
export const NOBODY = ['OW', 'NER'].join('')

/** The tracked text files that say `<owner>/trainyard` or `<owner>/*`, with how often, by path. */
export function namings(root, owner = OWNER) {
  const listed = execFileSync('git', ['ls-files', '-z'], {cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26})
  const found = listed.split('\0').flatMap(path => {
    const count = path === '' || path.endsWith('package-lock.json') ? 0 : (textOf(join(root, path)).match(naming(owner)) ?? []).length
    return count === 0 ? [] : [[path, count]]
  })
  return new Map(found)
}

/** Puts `to` where `from` stands; returns the paths that were written. */
export function rename(root, from, to) {
  if (!/^[a-z0-9](?:-?[a-z0-9])*$/i.test(to)) throw new Error(`${to}: is no name of a GitHub account`)
  const own = '.ci/owner.mjs'
  const paths = [...namings(root, from).keys()].filter(path => path !== own)
  for (const path of paths) writeFileSync(join(root, path), textOf(join(root, path)).replace(naming(from), `${to}$1`))
  const constant = `export const OWNER = '${from}'`
  const text = textOf(join(root, own))
  if (!text.includes(constant)) throw new Error(`${own}: does not say ${constant}`)
  writeFileSync(join(root, own), text.replace(constant, `export const OWNER = '${to}'`))
  return [own, ...paths]
}

/** Also with the backslash before the slash that a regular expression has. */
function naming(owner) {
  return new RegExp(String.raw`(?<![\w-])${owner}(\\?\/(?:trainyard\b|\*))`, 'g')
}

function textOf(path) {
  const bytes = readFileSync(path)
  return bytes.includes(0) ? '' : bytes.toString('utf8')
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [name] = process.argv.slice(2)
  const root = join(fileURLToPath(import.meta.url), '../..')
  if (name === undefined) {
    for (const [path, count] of namings(root)) console.log(`${String(count).padStart(4)}  ${path}`)
  } else for (const path of rename(root, OWNER, name)) console.log(path)
}
