import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {delimiter, join} from 'node:path'

const REQUIREMENTS = join(import.meta.dirname, '../peers/requirements.txt')

/**
 * A Python with the peers: that of TRAINYARD_PEERS, else an environment that uv makes once for each state of the pinned requirements, in the
 * user's cache. `{python}` or `{missing}`, which says why there is none.
 */
export function peerPython(env = process.env) {
  if (env.TRAINYARD_PEERS) return {python: env.TRAINYARD_PEERS}
  const pinned = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trainyard')
  const folder = join(cache, `peers-${pinned}`)
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(`${folder}.complete`) && existsSync(python)) return {python}
  const uv = findUv(env)
  if (uv === undefined)
    return {
      missing: 'uv is neither on PATH nor where its installer puts it; install uv, or name a Python that has the peers by TRAINYARD_PEERS'
    }
  mkdirSync(cache, {recursive: true})
  rmSync(folder, {recursive: true, force: true})
  console.error(`fetching the peers with uv, once, to ${folder}`)
  const steps = [
    ['venv', '--quiet', '--python', '>=3.11', folder],
    ['pip', 'install', '--quiet', '--require-hashes', '--python', python, '-r', REQUIREMENTS]
  ]
  for (const argv of steps) {
    const {status, error, stderr} = spawnSync(uv, argv, {encoding: 'utf8'})
    if (error) return {missing: `${uv} does not start (${error.message})`}
    if (status !== 0) return {missing: `uv ${argv.slice(0, 2).join(' ')} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`}
  }
  writeFileSync(`${folder}.complete`, '')
  return {python}
}

/** uv on PATH, else where its own installer or cargo puts it, which many shells do not look. */
function findUv({PATH = '', XDG_BIN_HOME}) {
  const folders = [...PATH.split(delimiter), XDG_BIN_HOME, join(homedir(), '.local/bin'), join(homedir(), '.cargo/bin')].filter(Boolean)
  return folders.map(folder => join(folder, process.platform === 'win32' ? 'uv.exe' : 'uv')).find(isProgram)
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
