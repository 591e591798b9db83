import {basename, dirname, join} from 'node:path'
import {UserError} from '#shared/errors'
import {type EvidenceFile, type Origin, readEvidence} from '#shared/evidence/files'

/** The file that the run's evidence of one action names, such as train's `model`. Null: there is no such evidence. Two different ones are an error. */
export async function fileOfRun(
  root: string,
  origin: Origin,
  action: string,
  file: string
): Promise<{readonly path: string; readonly evidence: EvidenceFile} | null> {
  const {counted} = await readEvidence(root, origin)
  const found = counted.filter(({evidence}) => evidence.action.name === action && evidence.files[file] !== undefined)
  const paths = new Set(found.map(({evidence}) => evidence.files[file]))
  if (paths.size > 1) {
    const names = found.map(one => `${one.folder ?? '.'}/${basename(one.file)} (${one.evidence.files[file]})`)
    throw new UserError(`${file}: this run's evidence of ${action} names ${paths.size} different ones: ${names.join(', ')}`, {
      kind: 'usage',
      hint: `Say which with the input \`${file}\`.`
    })
  }
  const [first] = found
  return first === undefined ? null : {path: join(dirname(first.file), first.evidence.files[file] ?? ''), evidence: first}
}

/** As fileOfRun, for who can't do without. */
export async function requireFileOfRun(root: string, origin: Origin, action: string, file: string): Promise<string> {
  const found = await fileOfRun(root, origin, action, file)
  if (found !== null) return found.path
  throw new UserError(`${file}: not given, and this run has no evidence of ${action} below ${root}`, {
    kind: 'usage',
    hint: `Give \`${file}\`, or download the artifact of the job that runs ${action} first.`
  })
}
