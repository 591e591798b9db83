import {AsyncLocalStorage} from 'node:async_hooks'
import {existsSync} from 'node:fs'
import {mkdir, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'

// Relative, so that it is the same place on every machine: the name counts for where GitHub finds it, and the archive is unpacked in the workspace.
const FOLDER = 'trainyard-out/reuse'
/** how long the service may take to say whether there is something, and how long bytes may be on their way */
const LIMITS = {askMs: 60_000, moveMs: 10 * 60_000}

export interface CacheWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * The cache of GitHub Actions; undefined where there is none. Its client writes what went wrong as annotations, which are turned into notices: a cache
 * is never an error. What it restores was packed by any run that may write to this branch's caches, and is unpacked by the names in the archive:
 * whoever takes it verifies it.
 */
export function actionsCache({env, cwd}: CacheWorld, {askMs, moveMs} = LIMITS) {
  const workspace = resolve(env.GITHUB_WORKSPACE || cwd)
  const service = env.ACTIONS_RESULTS_URL || env.ACTIONS_CACHE_URL
  if (!service || !env.ACTIONS_RUNTIME_TOKEN || workspace !== resolve(cwd) || workspace !== process.cwd()) return undefined
  const folder = join(workspace, FOLDER)
  return {
    restore: async (key: string): Promise<string | undefined> => {
      await rm(folder, {recursive: true, force: true})
      const {restoreCache} = await import('@actions/cache')
      // Another key that only begins alike is none.
      if ((await quietly(() => restoreCache([FOLDER], key, undefined, {lookupOnly: true}), askMs)) !== key) return undefined
      const found = await quietly(() => restoreCache([FOLDER], key), moveMs)
      return found === key && existsSync(folder) ? folder : undefined
    },
    save: async (key: string, fill: (folder: string) => Promise<void>): Promise<boolean> => {
      // Who did not answer before would be waited for in vain.
      if (abandoned > 0) return false
      await rm(folder, {recursive: true, force: true})
      await mkdir(folder, {recursive: true})
      try {
        await fill(folder)
        const {saveCache} = await import('@actions/cache')
        const saved = await quietly(() => saveCache([FOLDER], key), moveMs)
        return saved !== undefined && saved >= 0
      } finally {
        await rm(folder, {recursive: true, force: true})
      }
    },
    clear: () => rm(folder, {recursive: true, force: true})
  }
}

let abandoned = 0

/** Whether the cache is still being asked by somebody who has stopped waiting: the process would not end by itself before that does. */
export function cacheIsAbandoned(): boolean {
  return abandoned > 0
}

const asking = new AsyncLocalStorage<true>()
let quiet = false

/** Waits so long at most, and makes notices of the errors and warnings that this work prints, also when nobody waits for it any more. */
async function quietly<T>(work: () => Promise<T>, limitMs: number): Promise<T | undefined> {
  if (!quiet) quieten(process.stdout)
  quiet = true
  const working = asking.run(true, work)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(settle => {
    timer = setTimeout(() => settle('late'), limitMs)
  })
  try {
    const first = await Promise.race([working.then(value => ({value})), late])
    if (first !== 'late') return first.value
    abandoned += 1
    void working.then(settled, settled)
    process.stdout.write(`::notice::The cache of GitHub Actions did not answer within ${limitMs / 1000} s, and is not waited for\n`)
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

function settled(): void {
  abandoned -= 1
}

/** What the cache's client prints, and nothing else, is made a notice. */
function quieten(stdout: NodeJS.WriteStream): void {
  const write = stdout.write
  stdout.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
    const own = asking.getStore() !== undefined && typeof chunk === 'string'
    return Reflect.apply(write, stdout, [own ? chunk.replace(/^::(?:error|warning)(?= |::)/gm, '::notice') : chunk, ...rest])
  }
}
