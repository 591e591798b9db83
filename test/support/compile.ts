import {mkdtemp, rm, symlink} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {basename, join, resolve} from 'node:path'
import {rolldown} from 'rolldown'

const ROOT = resolve(import.meta.dirname, '../..')
/** A package's name, and not a path of ours. */
const PACKAGE = /^(?!#shared\/)[^./]/

/** Bundles a TypeScript file and all of ours that it imports into a new folder, so that plain node can run it. */
export async function compile(entry: string): Promise<{readonly program: string; readonly remove: () => Promise<void>}> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-compiled-'))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const bundle = await rolldown({
    input: join(ROOT, entry),
    cwd: ROOT,
    platform: 'node',
    external: PACKAGE,
    resolve: {conditionNames: ['source']}
  })
  await bundle.write({dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs'})
  await bundle.close()
  return {program: join(folder, `${basename(entry, '.ts')}.mjs`), remove: () => rm(folder, {recursive: true, force: true})}
}
