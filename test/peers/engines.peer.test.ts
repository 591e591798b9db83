import {execFile} from 'node:child_process'
import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {describe, expect, onTestFinished, test} from 'vitest'
import {DUCKDB, findEngine} from '../../shared/engines.js'
import {openNpmRegistry} from './act/npm-registry.js'
import {leftOut, program} from './found.js'

const npm = program('npm')

describe.skipIf(npm === undefined)(`the tool cache of the gpu-runner${leftOut({npm})}`, {timeout: 120_000}, () => {
  const fill = async (folder: string, registry: string) =>
    promisify(execFile)(process.execPath, ['runner-images/gpu-runner/engines.mjs', folder, DUCKDB.slug], {
      env: {PATH: process.env.PATH, HOME: folder, npm_config_registry: registry}
    })

  test('holds the engine where a job finds it without npm', async () => {
    const registry = await openNpmRegistry()
    const folder = mkdtempSync(join(tmpdir(), 'tools-'))
    onTestFinished(() => {
      registry.close()
      rmSync(folder, {recursive: true, force: true})
    })
    await fill(folder, registry.url)
    expect(registry.served.toSorted()).toEqual(registry.packages.toSorted())
    const site = {env: {RUNNER_TOOL_CACHE: folder, PATH: ''}, from: '/none/engines.js'}
    expect(existsSync(await findEngine(DUCKDB, site))).toBe(true)
  })

  test('stays empty where the registry serves other bytes', async () => {
    const registry = await openNpmRegistry({lie: true})
    const folder = mkdtempSync(join(tmpdir(), 'tools-'))
    onTestFinished(() => {
      registry.close()
      rmSync(folder, {recursive: true, force: true})
    })
    await expect(fill(folder, registry.url)).rejects.toThrow('is not the pinned package')
    expect(readdirSync(join(folder, DUCKDB.slug, DUCKDB.version))).toEqual([])
  })
})
