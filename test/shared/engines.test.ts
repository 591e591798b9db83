import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {DUCKDB, duckdb, findEngine, loadEngine, ONNX_NATIVE, platformOf} from '#shared/engines'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'engines-'))
})
afterEach(() => rm(dir, {recursive: true, force: true}))

/** A stand-in for npm that writes `bytes` as the archive of whatever it is asked for. */
async function npmThatServes(bytes: string): Promise<string> {
  const bin = join(dir, 'bin')
  await mkdir(bin)
  const script = `#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\nprintf '%s' '${bytes}' > "$1/it.tgz"\necho it.tgz\n`
  await writeFile(join(bin, 'npm'), script, {mode: 0o755})
  return `${bin}:${process.env.PATH}`
}

async function npmThatCopies(archive: string): Promise<string> {
  const bin = join(dir, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'npm'), `#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\ncp '${archive}' "$1/it.tgz"\necho it.tgz\n`, {
    mode: 0o755
  })
  return `${bin}:${process.env.PATH}`
}

describe('engines', () => {
  test('DuckDB comes from node_modules', async () => {
    const {DuckDBInstance} = await duckdb()
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    const rows = (await connection.runAndReadAll('select 40 + 2')).getRows()
    expect(rows).toEqual([[42]])
  })

  test('the pinned table agrees with package-lock.json', async () => {
    const lock: {packages: Record<string, {version: string; integrity: string}>} = JSON.parse(await readFile('package-lock.json', 'utf8'))
    for (const engine of [DUCKDB, ONNX_NATIVE]) {
      const pinned = Object.values(engine.packages).flat()
      expect(pinned.length).toBeGreaterThan(1)
      for (const {name, version, integrity} of pinned) {
        expect({name, version, integrity}).toEqual({name, ...pick(lock.packages[`node_modules/${name}`])})
      }
      expect(lock.packages[`node_modules/${engine.name}`].version).toBe(engine.version)
    }
  })

  test('nowhere and no tool cache: says so and how to mend it', async () => {
    const error = await findEngine(DUCKDB, {from: join(dir, 'x.js'), env: {}, platform: 'linux-x64'}).catch(e => e)
    expect(error.message).toBe(
      'DuckDB 1.5.6-r.1 is not installed for linux-x64: not in node_modules, and RUNNER_TOOL_CACHE names no tool cache'
    )
    expect(error.hint).toContain('npm ci')
  })

  test('a platform that is not pinned is named', async () => {
    const site = {from: join(dir, 'x.js'), env: {RUNNER_TOOL_CACHE: dir}, platform: 'aix-ppc64'}
    await expect(findEngine(DUCKDB, site)).rejects.toThrow('no pinned package for aix-ppc64')
    expect(await readdir(dir)).toEqual([])
  })

  test('other bytes than the pinned ones are refused and leave nothing behind', async () => {
    const env = {RUNNER_TOOL_CACHE: join(dir, 'tools'), PATH: await npmThatServes('other bytes')}
    const site = {from: join(dir, 'x.js'), env, platform: 'linux-x64'}
    await expect(findEngine(DUCKDB, site)).rejects.toThrow('@duckdb/node-api@1.5.6-r.1 as fetched is not the pinned package')
    expect(await readdir(join(dir, 'tools', 'trainyard-duckdb', '1.5.6-r.1'))).toEqual([])
  })

  test('the pinned bytes are unpacked once and load; the next time npm is not asked', async () => {
    const source = join(dir, 'package')
    await mkdir(source)
    await writeFile(join(source, 'package.json'), '{"name": "small", "version": "1.0.0", "main": "main.js"}')
    await writeFile(join(source, 'main.js'), 'module.exports = {answer: 42}')
    execFileSync('tar', ['-czf', join(dir, 'small.tgz'), '-C', dir, 'package'])
    const integrity = `sha512-${createHash('sha512')
      .update(await readFile(join(dir, 'small.tgz')))
      .digest('base64')}`
    const packages = {'linux-x64': [{name: 'small', version: '1.0.0', integrity}]}
    const engine = {title: 'Small', name: 'small', version: '1.0.0', slug: 'trainyard-small', packages}
    const env = {RUNNER_TOOL_CACHE: join(dir, 'tools'), PATH: await npmThatCopies(join(dir, 'small.tgz'))}
    const site = {from: join(dir, 'x.js'), env, platform: 'linux-x64'}
    expect(await loadEngine(engine, site)).toEqual({answer: 42})
    expect(await findEngine(engine, {...site, env: {...env, PATH: ''}})).toContain(join('tools', 'trainyard-small', '1.0.0', 'linux-x64'))
    expect((await readdir(join(dir, 'tools', 'trainyard-small', '1.0.0'))).sort()).toEqual(['linux-x64', 'linux-x64.complete'])
  })

  test('without npm it says so', async () => {
    const site = {from: join(dir, 'x.js'), env: {RUNNER_TOOL_CACHE: dir, PATH: join(dir, 'empty')}, platform: 'linux-x64'}
    await expect(findEngine(ONNX_NATIVE, site)).rejects.toThrow(
      'native ONNX Runtime 1.30.0 is not installed for linux-x64: not in node_modules or the tool cache, and there is no npm'
    )
  })

  test('the tool cache is used without npm once it is complete', async () => {
    const folder = join(dir, 'trainyard-onnxruntime', '1.30.0', 'linux-x64')
    const main = join(folder, 'node_modules', 'onnxruntime-node', 'index.js')
    await mkdir(join(main, '..'), {recursive: true})
    await writeFile(main, 'module.exports = {}')
    await writeFile(`${folder}.complete`, '')
    const site = {from: join(dir, 'x.js'), env: {RUNNER_TOOL_CACHE: dir, PATH: ''}, platform: 'linux-x64'}
    expect(await findEngine(ONNX_NATIVE, site)).toBe(main)
  })

  test('the platform has the form of npm package names', () => {
    expect(platformOf()).toMatch(/^(linux|darwin|win32)-(x64|arm64)(-musl)?$/)
  })
})

function pick({version, integrity}: {version: string; integrity: string}): {version: string; integrity: string} {
  return {version, integrity}
}
