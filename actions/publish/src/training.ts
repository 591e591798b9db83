import {UserError} from '#shared/errors'
import type {Evidence, Material} from '#shared/evidence/evidence'
import type {Case, EvidenceRecord} from './case.js'

/** Evidence of train about the model at hand, the newest attempt first. */
export function trainingsOf({records, digest}: Pick<Case, 'records' | 'digest'>): EvidenceRecord[] {
  return records
    .filter(({evidence}) => evidence.action.name === 'train' && evidence.subjects.some(subject => subject.digest.sha256 === digest))
    .sort((a, b) => b.evidence.run.attempt - a.evidence.run.attempt)
}

/** The data files that the model at hand was trained on, by digest. */
export function dataOf(given: Pick<Case, 'records' | 'digest'>): Material[] {
  const data = trainingsOf(given).flatMap(({evidence}) => evidence.materials.filter(({kind}) => kind === 'data'))
  return [...new Map(data.map(material => [material.digest.sha256, material])).values()]
}

/** Why evidence of validate-data does not cover the training of the model at hand; undefined when each of its data files is a subject. */
export function uncovered({subjects}: Evidence, given: Case): string | undefined {
  if (trainingsOf(given).length === 0)
    return `nothing ties data to this model: there is no evidence of train about sha256 ${given.digest}. Train it in this run, or leave validate-data out of require`
  const data = dataOf(given)
  if (data.length === 0) return 'train declared no data, so that nothing ties data to this model. Give train its input data'
  const missing = data.filter(({digest}) => !subjects.some(subject => subject.kind === 'data' && subject.digest.sha256 === digest.sha256))
  if (missing.length === 0) return undefined
  const [first] = missing
  const same = subjects.find(({name}) => name === first.name)
  const both = same
    ? `${first.name} was sha256 ${same.digest.sha256} when it was validated and ${first.digest.sha256} when it was trained on`
    : ''
  const names = missing.map(({name}) => name).join(', ')
  return `its evidence is not about all that this model was trained on: ${both || `${names} was not validated`}. Let validate-data read what train reads`
}

/** The model that train made in this run: the one file or folder that its evidence names. Throws UserError when there is none, or two different ones. */
export function trainedModel(records: readonly EvidenceRecord[]): {record: EvidenceRecord; path: string; digest: string} {
  const made = records.flatMap(record => {
    const newer = records.some(
      other =>
        other.evidence.action.name === 'train' && other.folder === record.folder && other.evidence.run.attempt > record.evidence.run.attempt
    )
    if (newer) return []
    const {action, files, subjects} = record.evidence
    const digest = subjects.find(({kind}) => kind === 'model')?.digest.sha256
    return action.name === 'train' && files.model !== undefined && digest !== undefined ? [{record, path: files.model, digest}] : []
  })
  const [first] = made
  if (!first)
    throw new UserError('model: not given, and there is no evidence of train that names one', {
      hint: 'Download the artifact of the job that trains, or give the input model.'
    })
  const other = made.find(({digest}) => digest !== first.digest)
  if (other)
    throw new UserError(
      `model: not given, and train made two: ${first.path} (sha256 ${first.digest}, job ${first.record.evidence.run.job}) and ${other.path} (sha256 ${other.digest}, job ${other.record.evidence.run.job})`,
      {hint: 'Give the input model.'}
    )
  return first
}

/** What the model at hand was trained from: data, code, parameters, environment. */
export function lineageOf(given: Pick<Case, 'records' | 'digest'>): {kind: string; name: string; sha256: string}[] {
  const [newest] = trainingsOf(given)
  return (newest?.evidence.materials ?? []).map(({kind, name, digest}) => ({kind, name, sha256: digest.sha256}))
}
