import {existsSync} from 'node:fs'
import {mkdir, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'

// Relative, so that it is the same place on every machine: the name counts for where GitHub finds it, and the archive is unpacked in the workspace.
const FOLDER = 'trainyard-out/reuse'
const LIMIT_MS = 10 * 60_000

export interface CacheWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * The cache of GitHub Actions; undefined where there is none. Its client writes what went wrong as annotations, which are turned into notices: a cache
 * is never an error. What it restores was packed by any run that may write to this branch's caches, and is unpacked by the names in the archive:
 * whoever takes it verifies it.
 */
export function actionsCache({env, cwd}: CacheWorld) {
  const workspace = resolve(env.GITHUB_WORKSPACE || cwd)
  const service = env.ACTIONS_RESULTS_URL || env.ACTIONS_CACHE_URL
  if (!service || !env.ACTIONS_RUNTIME_TOKEN || workspace !== resolve(cwd) || workspace !== process.cwd()) return undefined
  const folder = join(workspace, FOLDER)
  return {
    restore: async (key: string): Promise<string | undefined> => {
      await rm(folder, {recursive: true, force: true})
      const {restoreCache} = await import('@actions/cache')
      // Another key that only begins alike is none.
      const found = await quietly(() => restoreCache([FOLDER], key))
      return found === key && existsSync(folder) ? folder : undefined
    },
    save: async (key: string, fill: (folder: string) => Promise<void>): Promise<boolean> => {
      await rm(folder, {recursive: true, force: true})
      await mkdir(folder, {recursive: true})
      try {
        await fill(folder)
        const {saveCache} = await import('@actions/cache')
        const saved = await quietly(() => saveCache([FOLDER], key))
        return saved !== undefined && saved >= 0
      } finally {
        await rm(folder, {recursive: true, force: true})
      }
    },
    clear: () => rm(folder, {recursive: true, force: true})
  }
}

/** Waits ten minutes at most, and makes notices of the errors and warnings that are printed meanwhile. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  const write = process.stdout.write
  const noticing = (chunk: string | Uint8Array, ...rest: never[]): boolean =>
    Reflect.apply(write, process.stdout, [
      typeof chunk === 'string' ? chunk.replace(/^::(?:error|warning)(?= |::)/gm, '::notice') : chunk,
      ...rest
    ])
  let timer: NodeJS.Timeout | undefined
  try {
    process.stdout.write = noticing
    const late = new Promise<undefined>(settle => {
      timer = setTimeout(() => settle(undefined), LIMIT_MS)
    })
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
    process.stdout.write = write
  }
}
