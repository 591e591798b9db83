import {createHash} from 'node:crypto'
import {readdir} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'
import {createOnly, readText} from '#shared/files'
import type {Evidence, Run} from './evidence.js'
import {parseEvidence} from './schema.js'

/** How much is read before it is refused. */
export interface EvidenceLimits {
  readonly files: number
  /** of one file */
  readonly bytes: number
}

const OURS: EvidenceLimits = {files: 10_000, bytes: 32 << 20}
/** For what strangers' code may have written. */
export const STRANGERS: EvidenceLimits = {files: 100, bytes: 1 << 20}

export interface EvidenceFile {
  readonly evidence: Evidence
  /** path of the file */
  readonly file: string
  /** the job's folder it lies in; null at the root */
  readonly folder: string | null
}

/** Writes evidence as `<action>-<first 12 hex digits of the file's sha256>.json`; gives its path. Throws when it does not fit the schema. */
export async function writeEvidence(folder: string, evidence: Evidence): Promise<string> {
  const json = `${JSON.stringify(evidence, undefined, 1)}\n`
  parseEvidence(JSON.parse(json), `evidence of ${evidence.action.name}`)
  const name = `${evidence.action.name}-${createHash('sha256').update(json).digest('hex').slice(0, 12)}.json`
  await createOnly(join(folder, name), json)
  return join(folder, name)
}

/** Whose evidence counts: that of one run of one repository up to an attempt; or of whoever wrote into the folder (on a terminal). */
export type Origin = ({readonly kind: 'run'} & Pick<Run, 'repository' | 'runId' | 'attempt'>) | {readonly kind: 'folder'}

export interface EvidenceSet {
  readonly counted: readonly EvidenceFile[]
  /** what lies there and does not count, with the reason */
  readonly refused: readonly {readonly file: string; readonly reason: string}[]
}

/**
 * All evidence below `root` that counts for `origin`: at the root, in `<job>/` and in `trainyard-<job>[-…]/` of the job that it names; of one job, action and subject the newest attempt, in a plain folder the newest of each action. An absent folder holds none.
 * Throws UserError when a file that is named like evidence can't be read as such.
 */
export async function readEvidence(root: string, origin: Origin, limits = OURS): Promise<EvidenceSet> {
  const found: EvidenceFile[] = []
  const refused: {file: string; reason: string}[] = []
  for (const {file, folder} of await listFiles(root, limits.files)) {
    const evidence = parseEvidence(parseJson(await readText(file, limits.bytes), file), file)
    const reason = strangeness(evidence, folder, origin, file)
    if (reason === undefined) found.push({evidence, file, folder})
    else refused.push({file, reason})
  }
  return {counted: origin.kind === 'run' ? newestAttempts(found) : newestOfEach(found), refused}
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${file}: not JSON (${messageOf(error)})`, {hint: 'Hand on the files as the actions wrote them.', cause: error})
  }
}

/** The name of a file of evidence: its action and the first digits of its digest. */
export const EVIDENCE_NAME = /^[a-z][a-z-]*-[0-9a-f]{12}\.json$/

async function listFiles(root: string, most: number): Promise<{file: string; folder: string | null}[]> {
  const files: {file: string; folder: string | null}[] = []
  for (const entry of await entriesOf(root)) {
    if (entry.isFile() && EVIDENCE_NAME.test(entry.name)) files.push({file: join(root, entry.name), folder: null})
    else if (entry.isDirectory() && !entry.name.startsWith('model-')) {
      for (const inner of await entriesOf(join(root, entry.name))) {
        if (inner.isFile() && EVIDENCE_NAME.test(inner.name)) files.push({file: join(root, entry.name, inner.name), folder: entry.name})
      }
    }
    if (files.length > most) throw new UserError(`${root}: more than ${most} evidence files`, {hint: 'Name the folder of one run.'})
  }
  return files.sort((a, b) => (a.file < b.file ? -1 : 1))
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, {withFileTypes: true})
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw new UserError(`${folder}: can't be listed (${messageOf(error)})`, {hint: 'Check its permissions.', cause: error})
  }
}

function strangeness({run, action}: Evidence, folder: string | null, origin: Origin, file: string): string | undefined {
  if (!basename(file).startsWith(`${action.name}-`)) return `named like another action than its own, ${action.name}`
  if (origin.kind === 'folder') return undefined
  const misplaced = folder === null ? undefined : misplacement(run.job, folder)
  if (misplaced !== undefined) return misplaced
  if (run.repository !== origin.repository) return `is of repository ${run.repository}, not ${origin.repository}`
  if (run.runId !== origin.runId) return `is of run ${run.runId}, not ${origin.runId}`
  if (run.attempt > origin.attempt) return `says that it is of attempt ${run.attempt}, and this is attempt ${origin.attempt}`
  return undefined
}

function misplacement(job: string, folder: string): string | undefined {
  if (folder === job || folder === `trainyard-${job}` || folder.startsWith(`trainyard-${job}-`)) return undefined
  return `lies in ${folder} and says that it is of job ${job}`
}

function newestAttempts(files: readonly EvidenceFile[]): EvidenceFile[] {
  const key = ({evidence: {run, action, subjects}}: EvidenceFile) =>
    `${run.job}\0${action.name}\0${subjects
      .map(({digest}) => digest.sha256)
      .sort()
      .join()}`
  const newest = new Map<string, number>()
  for (const file of files) newest.set(key(file), Math.max(newest.get(key(file)) ?? 0, file.evidence.run.attempt))
  return files.filter(file => file.evidence.run.attempt === newest.get(key(file)))
}

function newestOfEach(files: readonly EvidenceFile[]): EvidenceFile[] {
  const when = ({evidence: {run}}: EvidenceFile) => run.finishedAt
  return files.filter(
    file =>
      !files.some(
        other => other.evidence.action.name === file.evidence.action.name && later(when(other), when(file), other.file, file.file)
      )
  )
}

function later(one: string, other: string, file: string, otherFile: string): boolean {
  return one > other || (one === other && file > otherFile)
}

/** The origin that readers take evidence from. */
export function originOf({repository, runId, attempt}: Pick<Run, 'repository' | 'runId' | 'attempt'>, onRunner: boolean): Origin {
  return onRunner ? {kind: 'run', repository, runId, attempt} : {kind: 'folder'}
}
