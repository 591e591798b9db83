import {EventEmitter} from 'node:events'
import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import type {Progress} from '#shared/cli/run/progress'
import {type RunOptions, type RunResult, runWorkflow} from '#shared/cli/run/run'

/** A temporary repository folder with these files, by path. */
export function repositoryFolder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'workflow-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), {recursive: true})
    writeFileSync(join(root, path), text)
  }
  return root
}

/** A package folder with the named actions, each a script that stands for its bundle. */
export function packageFolder(actions: Readonly<Record<string, {readonly inputs?: string; readonly script: string}>>): string {
  return repositoryFolder(
    Object.fromEntries(
      Object.entries(actions).flatMap(([name, {inputs = '{}', script}]) => [
        [`actions/${name}/action.yml`, `name: ${name}\ninputs: ${inputs}\nruns: {using: node24, main: ../../dist/${name}.js}\n`],
        [`dist/${name}.js`, script]
      ])
    )
  )
}

export interface TestRun extends RunResult {
  readonly progress: readonly Progress[]
  /** all lines and annotations, in order */
  readonly log: readonly string[]
  readonly said: readonly string[]
}

/** Runs the text of a workflow in a folder with `files`. */
export async function run(
  workflow: string,
  {files = {}, ...options}: Partial<RunOptions> & {files?: Readonly<Record<string, string>>} = {}
): Promise<TestRun> {
  const cwd = repositoryFolder({'.github/workflows/w.yml': workflow, ...files})
  const progress: Progress[] = []
  const result = await runWorkflow({
    file: '.github/workflows/w.yml',
    cwd,
    packageRoot: cwd,
    env: process.env,
    signals: new EventEmitter(),
    ...options,
    onProgress: one => {
      progress.push(one)
      options.onProgress?.(one)
    }
  })
  const log = progress.flatMap(one => {
    if (one.kind === 'line') return [one.text]
    return one.kind === 'annotation' ? [`${one.annotation.level}: ${one.annotation.message}`] : []
  })
  return {...result, progress, log, said: progress.flatMap(one => (one.kind === 'said' ? [one.text] : []))}
}

/** A workflow of one job `a` with these steps, written as YAML list items. */
export function oneJob(steps: string, job = ''): string {
  const indent = (text: string, by: string) =>
    text
      .trim()
      .split('\n')
      .map(line => by + line)
      .join('\n')
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${job === '' ? '' : `${indent(job, '    ')}\n`}    steps:\n${indent(steps, '      ')}\n`
}
