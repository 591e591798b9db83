// Builds dist here and once more from a copy in another folder, and compares their bytes. The copy holds what git tracks, and its own node_modules.
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'

/** SHA-256 by path of every file below a folder. */
export function digests(folder) {
  const names = readdirSync(folder, {recursive: true}).map(String).sort()
  const files = names.filter(name => statSync(join(folder, name)).isFile())
  return new Map(
    files.map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')
    ])
  )
}

/** The paths that two folders do not hold with the same bytes. */
export function differences(one, other) {
  const [a, b] = [digests(one), digests(other)]
  return [...new Set([...a.keys(), ...b.keys()])].filter(name => a.get(name) !== b.get(name)).sort()
}

/** Copies what git tracks to an empty folder, and node_modules as hard links where the disk lets it. */
function copy(root, folder) {
  for (const path of execFileSync('git', ['ls-files', '-z'], {cwd: root, encoding: 'utf8'}).split('\0').filter(Boolean)) {
    if (!existsSync(join(root, path))) continue
    mkdirSync(dirname(join(folder, path)), {recursive: true})
    cpSync(join(root, path), join(folder, path))
  }
  const modules = ['--recursive', '--no-dereference', '--preserve=mode,timestamps', join(root, 'node_modules'), folder]
  try {
    execFileSync('cp', ['--link', ...modules], {stdio: 'ignore'})
  } catch {
    rmSync(join(folder, 'node_modules'), {recursive: true, force: true})
    execFileSync('cp', modules)
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..')
  const elsewhere = mkdtempSync(join(process.env.RUNNER_TEMP ?? tmpdir(), 'another-folder-'))
  const build = cwd => execFileSync(process.execPath, ['.ci/build.mjs'], {cwd, stdio: ['ignore', 'inherit', 'inherit']})
  try {
    build(root)
    copy(root, elsewhere)
    build(elsewhere)
    const differing = differences(join(root, 'dist'), join(elsewhere, 'dist'))
    for (const name of differing) console.error(`dist/${name}: other bytes when built in another folder`)
    if (differing.length > 0) process.exitCode = 1
    else for (const [name, sha256] of digests(join(root, 'dist'))) console.log(`${sha256}  dist/${name}`)
  } finally {
    rmSync(elsewhere, {recursive: true, force: true})
  }
}
