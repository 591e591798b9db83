import {appendFile, readdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {codeOf, UserError} from '#shared/errors'
import {readText, sha256File} from '#shared/files'
import {EVIDENCE_NAME} from './files.js'

/** A job's folder of evidence, and the list of what its own actions wrote there, which no artifact that is downloaded beside it can bring. */
export interface OwnEvidence {
  readonly outDir: string
  readonly listFile: string
}

const MAX_BYTES = 32 << 20

/** Notes evidence that an action of this job has written. */
export async function noteEvidence({listFile}: OwnEvidence, path: string): Promise<void> {
  await appendFile(listFile, `${await lineOf(path)}\n`)
}

/**
 * Removes evidence from the job's folder that no action of this job wrote: an artifact that is downloaded straight into the folder above can hold
 * a folder of this job's name, which the job would hand on as its own. Throws UserError that names what was removed.
 */
export async function removeForeign({outDir, listFile}: OwnEvidence): Promise<void> {
  const entries = await readdir(outDir, {withFileTypes: true})
  const names = entries.filter(entry => entry.isFile() && EVIDENCE_NAME.test(entry.name)).map(({name}) => name)
  if (names.length === 0) return
  const noted = new Set((await readList(listFile)).split('\n'))
  const foreign: string[] = []
  for (const name of names) if (!noted.has(await lineOf(join(outDir, name)))) foreign.push(name)
  if (foreign.length === 0) return
  for (const name of foreign) await rm(join(outDir, name))
  throw new UserError(`${outDir}: held evidence that no action of this job wrote, which was removed: ${foreign.join(', ')}`, {
    hint: 'Where an artifact brought it, give that download-artifact a folder of its own, path: …/trainyard/trainyard-<job>, and find out what wrote it into the artifact. No job downloads its own.'
  })
}

async function lineOf(path: string): Promise<string> {
  return `${(await sha256File(path)).sha256}  ${path}`
}

async function readList(file: string): Promise<string> {
  return readText(file, MAX_BYTES).catch(error => {
    if (error instanceof UserError && codeOf(error.cause) === 'ENOENT') return ''
    throw error
  })
}
