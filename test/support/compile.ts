import {mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join, relative, resolve} from 'node:path'
import ts from 'typescript'

const ROOT = resolve(import.meta.dirname, '../..')

/** Compiles a TypeScript file and all of ours that it imports into a new folder, so that plain node can run it. */
export async function compile(entry: string): Promise<{readonly program: string; readonly remove: () => Promise<void>}> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-compiled-'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({type: 'module', imports: {'#shared/*': './shared/*.js'}}))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const done = new Set<string>()
  const emit = async (source: string): Promise<void> => {
    if (done.has(source)) return
    done.add(source)
    const {outputText} = ts.transpileModule(await readFile(source, 'utf8'), {
      compilerOptions: {target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true}
    })
    const target = join(folder, relative(ROOT, source)).replace(/\.ts$/, '.js')
    await mkdir(dirname(target), {recursive: true})
    await writeFile(target, outputText)
    for (const [, imported] of outputText.matchAll(/(?:from|import) ?\(?["']((?:\.|#shared\/)[^"']+)["']/g)) {
      if (imported.startsWith('#shared/')) await emit(join(ROOT, 'shared', `${imported.slice('#shared/'.length)}.ts`))
      else await emit(resolve(dirname(source), imported.replace(/\.js$/, '.ts')))
    }
  }
  await emit(resolve(ROOT, entry))
  return {program: join(folder, entry.replace(/\.ts$/, '.js')), remove: () => rm(folder, {recursive: true, force: true})}
}
