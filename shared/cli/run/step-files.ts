import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {UserError} from '#shared/errors'
import {parseFileCommands, readStepFile} from './file-commands.js'
import type {JobState} from './job-state.js'
import type {Annotation} from './log-commands.js'

const FILES = {
  GITHUB_OUTPUT: 'output',
  GITHUB_ENV: 'env',
  GITHUB_PATH: 'path',
  GITHUB_STATE: 'state',
  GITHUB_STEP_SUMMARY: 'summary'
} as const
const SUMMARY_BYTES = 1024 * 1024

/** Paths of the files through which a step speaks, by the variable that names each. */
export type StepFiles = Readonly<Record<keyof typeof FILES, string>>

/** Makes the empty files of the step with this number. */
export async function makeStepFiles(job: JobState, index: number): Promise<StepFiles> {
  const folder = join(job.places.files, `step-${index + 1}`)
  await mkdir(folder, {recursive: true})
  const paths = Object.entries(FILES).map(([variable, name]) => [variable, join(folder, name)] as const)
  for (const [, path] of paths) await writeFile(path, '')
  return Object.fromEntries(paths) as StepFiles
}

/** Takes environment and path into the job; returns the outputs. Throws UserError for a line that the runner refuses. */
export async function takeStepFiles(job: JobState, files: StepFiles): Promise<Map<string, string>> {
  for (const [name, value] of parseFileCommands(await readStepFile(files.GITHUB_ENV), 'GITHUB_ENV')) {
    if (name.toUpperCase() === 'NODE_OPTIONS')
      throw new UserError('GITHUB_ENV: NODE_OPTIONS may not be set', {hint: 'set it in env: of the step'})
    job.env[name] = value
  }
  const added = (await readStepFile(files.GITHUB_PATH)).split(/\r?\n/).filter(line => line !== '')
  job.path = [...added.reverse(), ...job.path]
  return parseFileCommands(await readStepFile(files.GITHUB_OUTPUT), 'GITHUB_OUTPUT')
}

/** The summary, masked; nothing when it is larger than GitHub takes. */
export async function readSummary(job: JobState, path: string, annotate: (annotation: Annotation) => void): Promise<string> {
  const summary = await readStepFile(path)
  if (Buffer.byteLength(summary) <= SUMMARY_BYTES) return job.run.masks.hide(summary)
  annotate({
    level: 'error',
    message: `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.ceil(Buffer.byteLength(summary) / 1024)}k.`
  })
  return ''
}
