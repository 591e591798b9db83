import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import {mkdir, mkdtemp, readFile, rename, rm, stat, writeFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {promisify} from 'node:util'
import {codeOf, messageOf, UserError} from '#shared/errors'

/** A native engine as the npm packages that make it up, each pinned by the integrity that package-lock.json holds. */
export interface Engine {
  readonly title: string
  /** the package that is loaded */
  readonly name: string
  readonly version: string
  /** folder of the tool cache */
  readonly slug: string
  /** `linux-x64`, `linux-x64-musl`, ... and the packages that it needs; a platform that is not here can only be installed with npm */
  readonly packages: Readonly<Record<string, readonly PinnedPackage[]>>
}

export interface PinnedPackage {
  readonly name: string
  readonly version: string
  /** `sha512-<base64>` of the package's archive */
  readonly integrity: string
}

export interface EngineSite {
  readonly env: Readonly<Record<string, string | undefined>>
  /** a file from whose folder upwards `node_modules` are searched */
  readonly from: string
  readonly platform: string
  readonly timeoutMs: number
}

const DUCKDB_JS: readonly PinnedPackage[] = [
  {
    name: '@duckdb/node-api',
    version: '1.5.6-r.1',
    integrity: 'sha512-yIPol6P4EQmsAUsb27donJf7iADrM31Ei/WkvhkZpSscjhEErYsuF19lsJ/qz5mUWxsKFQpLdjvrlhPQnMTBqw=='
  },
  {
    name: '@duckdb/node-bindings',
    version: '1.5.6-r.1',
    integrity: 'sha512-/pWlTyvKC1d16iSMJCBAPwlmzoeXRs5Y9cqG+TpKd/YAW6Ke05FJg099v/Im2bkS9BgznNyNcAK1NxA1eQhSUw=='
  },
  {
    name: 'detect-libc',
    version: '2.1.2',
    integrity: 'sha512-Btj2BOOO83o3WyH59e8MgXsxEQVcarkUOpEYrubB0urwnN10yQ364rsiByU11nZlqWYZm05i/of7io4mzihBtQ=='
  }
]

export const DUCKDB: Engine = {
  title: 'DuckDB',
  name: '@duckdb/node-api',
  version: '1.5.6-r.1',
  slug: 'trainyard-duckdb',
  packages: {
    'linux-x64': [
      ...DUCKDB_JS,
      {
        name: '@duckdb/node-bindings-linux-x64',
        version: '1.5.6-r.1',
        integrity: 'sha512-IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q=='
      }
    ],
    'linux-x64-musl': [
      ...DUCKDB_JS,
      {
        name: '@duckdb/node-bindings-linux-x64-musl',
        version: '1.5.6-r.1',
        integrity: 'sha512-PVzIEZqp7QN07WBgjmIH0cK2GKXR735KmL6wnghTzRnhHWrePxx3MjZB9zZHI8tB73wdF8luarBm4EgqSjGyVA=='
      }
    ]
  }
}

const ONNX_PACKAGES: readonly PinnedPackage[] = [
  {
    name: 'onnxruntime-node',
    version: '1.30.0',
    integrity: 'sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw=='
  },
  {
    name: 'onnxruntime-common',
    version: '1.30.0',
    integrity: 'sha512-7fdVWjAID1dVhH/G8qK3APARunV4VkBFoCQAP7qp4Wkab0mrorvmc+sqiT+mKXOzDqdjN5j+/Z9nb4gzNPWcyA=='
  }
]

export const ONNX_NATIVE: Engine = {
  title: 'native ONNX Runtime',
  name: 'onnxruntime-node',
  version: '1.30.0',
  slug: 'trainyard-onnxruntime',
  packages: {
    'linux-x64': ONNX_PACKAGES,
    'linux-arm64': ONNX_PACKAGES,
    'darwin-arm64': ONNX_PACKAGES,
    'win32-x64': ONNX_PACKAGES,
    'win32-arm64': ONNX_PACKAGES
  }
}

/** DuckDB's Node API, from `node_modules`, else the runner's tool cache, else fetched once with its pinned integrity. */
export async function duckdb(site: Partial<EngineSite> = {}): Promise<typeof import('@duckdb/node-api')> {
  return (await loadEngine(DUCKDB, site)) as typeof import('@duckdb/node-api')
}

/** Loads an engine's main module. Throws UserError when it is nowhere and cannot be fetched. */
export async function loadEngine(engine: Engine, site: Partial<EngineSite> = {}): Promise<unknown> {
  const path = await findEngine(engine, site)
  try {
    return createRequire(path)(path)
  } catch (error) {
    throw new UserError(`${engine.title} ${engine.version} at ${dirname(path)} does not load: ${messageOf(error)}`, {
      hint: 'Install it anew: npm ci in the checkout, or delete its folder in the tool cache.',
      cause: error
    })
  }
}

/** The path of an engine's main file, which is fetched when it is neither in `node_modules` nor in the tool cache. */
export async function findEngine(engine: Engine, partial: Partial<EngineSite> = {}): Promise<string> {
  const site: EngineSite = {env: process.env, from: import.meta.url, platform: platformOf(), timeoutMs: 300_000, ...partial}
  const installed = resolveFrom(site.from, engine.name)
  if (installed !== undefined) return installed
  const folder = cacheFolder(engine, site)
  if (!(await isFile(`${folder}.complete`))) await fetchEngine(engine, folder, site)
  const path = resolveFrom(join(folder, 'engine.js'), engine.name)
  if (path === undefined) throw notInstalled(engine, site, `${folder} is there, and incomplete`, `Delete ${folder} and run again.`)
  return path
}

function resolveFrom(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch {
    return undefined
  }
}

function cacheFolder(engine: Engine, site: EngineSite): string {
  const root = site.env.RUNNER_TOOL_CACHE
  if (!root) throw notInstalled(engine, site, 'not in node_modules, and RUNNER_TOOL_CACHE names no tool cache')
  return join(root, engine.slug, engine.version, site.platform)
}

/** Fetches with npm itself, whose registry, credentials and proxy are those of the user; only the pinned bytes are unpacked. */
async function fetchEngine(engine: Engine, folder: string, site: EngineSite): Promise<void> {
  const packages = engine.packages[site.platform]
  if (packages === undefined) throw notInstalled(engine, site, `no pinned package for ${site.platform}`)
  await mkdir(dirname(folder), {recursive: true})
  const stage = await mkdtemp(`${folder}-`)
  try {
    for (const item of packages) await fetchPackage(engine, item, stage, site)
    await rename(stage, folder).catch(keepTheOther)
    await writeFile(`${folder}.complete`, '')
  } finally {
    await rm(stage, {recursive: true, force: true})
  }
}

/** Another job of the same machine was faster: its folder holds the same pinned bytes. */
function keepTheOther(error: unknown): void {
  const code = codeOf(error)
  if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error
}

async function fetchPackage(engine: Engine, {name, version, integrity}: PinnedPackage, stage: string, site: EngineSite): Promise<void> {
  const spec = `${name}@${version}`
  const archive = join(stage, await pack(engine, spec, stage, site))
  const actual = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`
  if (actual !== integrity) {
    throw new UserError(`${spec} as fetched is not the pinned package: expected ${integrity}, got ${actual}`, {
      hint: 'The registry that npm is set to serves other bytes: check `npm config get registry`. Nothing was unpacked.'
    })
  }
  const target = join(stage, 'node_modules', name)
  await mkdir(target, {recursive: true})
  await promisify(execFile)('tar', ['-xzf', archive, '-C', target, '--strip-components=1'], {timeout: site.timeoutMs})
  await rm(archive)
}

/** Name of the archive that npm wrote into `stage`. */
async function pack(engine: Engine, spec: string, stage: string, site: EngineSite): Promise<string> {
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const {stdout} = await promisify(execFile)(npm, ['pack', spec, '--silent', '--ignore-scripts', '--pack-destination', stage], {
      cwd: stage,
      env: site.env,
      timeout: site.timeoutMs,
      shell: process.platform === 'win32'
    })
    return stdout.trim().split('\n').at(-1) ?? ''
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw notInstalled(engine, site, 'not in node_modules or the tool cache, and there is no npm to fetch it')
    throw notInstalled(engine, site, `npm could not fetch ${spec}: ${messageOf(error).trim()}`)
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile(),
    () => false
  )
}

function notInstalled(engine: Engine, site: EngineSite, reason: string, hint?: string): UserError {
  return new UserError(`${engine.title} ${engine.version} is not installed for ${site.platform}: ${reason}`, {
    hint:
      hint ??
      `Run npm ci in the checkout of trainyard, or give npm a registry that it can reach (npm config set registry …) and set RUNNER_TOOL_CACHE.`
  })
}

/** `linux-x64`, with `-musl` where the C library is musl. */
export function platformOf(): string {
  const name = `${process.platform}-${process.arch}`
  return process.platform === 'linux' && isMusl() ? `${name}-musl` : name
}

function isMusl(): boolean {
  const report: unknown = process.report?.getReport()
  return (
    typeof report === 'object' && report !== null && 'header' in report && !JSON.stringify(report.header).includes('glibcVersionRuntime')
  )
}
