import {UserError} from '#shared/errors'
import {type Check, type Evidence, type Material, outcomeOf} from '#shared/evidence/evidence'
import {nearest} from '#shared/gates/validity'
import type {Case, EvidenceRecord} from './case.js'
import {dataOf, trainingsOf, uncovered} from './training.js'

export interface Judged {
  /** one for each requirement, and one for a training that was red */
  readonly checks: readonly Check[]
  /** the evidence that the checks stand on, to be kept with the model */
  readonly relied: readonly EvidenceRecord[]
}

const REQUIRABLE = ['validate-data', 'train', 'evaluate', 'check-fairness', 'check-robustness'] as const

/** Whether the model has the evidence that it must have. Throws UserError for a requirement that no action can meet. */
export function judgeEvidence(given: Case): Judged {
  const unknown = given.require.filter(name => !REQUIRABLE.some(known => known === name))
  if (unknown.length > 0)
    throw new UserError(`require: no evidence can come from ${unknown.join(', ')}`, {
      kind: 'usage',
      hint: `Did you mean ${nearest(unknown[0], REQUIRABLE).join(', ')}? It may name ${REQUIRABLE.join(', ')}.`
    })
  const trainings = trainingsOf(given)
  const names = [...new Set([...(trainings.length > 0 ? ['train'] : []), ...given.require])]
  const judged = names.map(name => judgeRequirement(name, given))
  return {checks: judged.map(({check}) => check), relied: judged.flatMap(({relied}) => relied)}
}

function judgeRequirement(name: string, given: Case): {check: Check; relied: readonly EvidenceRecord[]} {
  const candidates = given.records.filter(({evidence}) => evidence.action.name === name)
  const about = candidates.filter(record => strangeness(record, given) === undefined)
  const counting = countingOf(name, given)
  const refusal =
    redness(
      name,
      candidates.filter(record => concerns(record, given))
    ) ?? blindness(name, candidates, counting)
  if (refusal) return {check: refusal, relied: []}
  if (counting.length > 0) {
    const jobs = [...new Set(counting.map(({evidence}) => evidence.run.job))].join(', ')
    const checks = counting.reduce((sum, {evidence}) => sum + evidence.checks.length, 0)
    const message = `${name}: green for this model in job ${jobs} (${checks} ${checks === 1 ? 'check' : 'checks'})`
    return {check: {id: idOf(name), verdict: 'pass', message, n: checks}, relied: counting}
  }
  const nearestMiss = about[0] ?? candidates[0]
  const message = nearestMiss ? (strangeness(nearestMiss, given) ?? objection(nearestMiss, given) ?? '') : absence(name, given)
  return {check: {id: idOf(name), verdict: 'error', message: `${name}: ${message}`}, relied: []}
}

/** Evidence of an action about this model that counts, whatever it says. */
export function countingOf(name: string, given: Case): readonly EvidenceRecord[] {
  return given.records.filter(
    record => record.evidence.action.name === name && strangeness(record, given) === undefined && objection(record, given) === undefined
  )
}

/** Red evidence about this model refuses it, also where green evidence would not count. */
function redness(name: string, concerned: readonly EvidenceRecord[]): Check | undefined {
  const red = concerned.find(({evidence}) => evidence.outcome === 'red' && evidence.policy.mode === 'enforce')
  if (!red) return undefined
  const {checks, run, policy} = red.evidence
  const bad = checks.filter(check => outcomeOf(check, policy) === 'red')
  const ids = bad.slice(0, 5).map(({id}) => id)
  const message = `${name}: red for this model in job ${run.job}: ${bad.length} of ${checks.length} checks (${ids.join(', ')}${bad.length > 5 ? ', …' : ''}). Mend the model, or the gate that asks too much, and run the pipeline again`
  return {id: idOf(name), verdict: 'fail', message, n: checks.length}
}

/** Whether evidence is about this model, or about any data that it was trained on. */
function concerns({evidence: {action, subjects}}: EvidenceRecord, given: Case): boolean {
  const digests = action.name === 'validate-data' ? dataOf(given).map(({digest}) => digest.sha256) : [given.digest]
  return subjects.some(({digest}) => digests.includes(digest.sha256))
}

/** An attempt that could not measure names no model; it is not hidden by an older one of the same job that could. */
function blindness(name: string, candidates: readonly EvidenceRecord[], counting: readonly EvidenceRecord[]): Check | undefined {
  const blind = candidates.find(
    ({evidence: {subjects, outcome, run}}) =>
      subjects.length === 0 &&
      outcome === 'red' &&
      counting.every(other => other.evidence.run.job !== run.job || other.evidence.run.attempt <= run.attempt)
  )
  if (!blind) return undefined
  const {run, checks} = blind.evidence
  return {
    id: idOf(name),
    verdict: 'error',
    message: `${name}: could not measure in job ${run.job}, attempt ${run.attempt}: ${(checks[0]?.message ?? 'its evidence is empty').replace(/\.$/, '')}. Mend that and run the job again`
  }
}

/** Why evidence is about something else than this model, with both digests; undefined when it is about it. */
function strangeness({evidence}: EvidenceRecord, given: Case): string | undefined {
  if (evidence.checks.length === 0) return 'its evidence holds an empty verdict: nothing was checked'
  if (evidence.action.name === 'validate-data') return uncovered(evidence, given)
  const {subjects} = evidence
  if (subjects.some(({kind, digest}) => kind === 'model' && digest.sha256 === given.digest)) return undefined
  const model = subjects.find(({kind}) => kind === 'model')
  if (model)
    return `judged another model: its evidence is about sha256 ${model.digest.sha256}, this model is ${given.digest}. Judge the model that is to be published`
  return `judged ${subjects[0]?.name ?? 'nothing'}, a file of predictions that nothing binds to a model. Judge the model itself (input model)`
}

/** Why evidence about this model does not count; undefined when it does. */
function objection({evidence, folder, file}: EvidenceRecord, given: Case): string | undefined {
  const {policy, run, action} = evidence
  if (policy.mode === 'observe') return `its evidence was only observed (mode: observe in job ${run.job}). Set mode: enforce`
  if (folder === null && given.onRunner)
    return `its evidence ${file} lies at the root of ${given.root}, where its job can't be told: download-artifact puts a single match there. Give that step path: …/trainyard/trainyard-${run.job}`
  if (folder !== null && given.onRunner && given.records.some(other => other.folder === null))
    return `its evidence ${file} lies in a folder beside evidence at the root of ${given.root}, and could have come with that artifact. Let each download-artifact have a folder of its own: path: …/trainyard/trainyard-<job>`
  if (action.name !== 'train' && ranProjectCode({evidence, folder, file}, given) && given.isolation === 'job')
    return `its evidence is from ${ofTraining(run.job, given) ? `job ${run.job}` : 'the artifact of a job'}, which ran the training code, and that could have written it. Give ${action.name} a job of its own, or set isolation: none`
  return foreignPredictions(evidence, given) ?? changedConfig(evidence, given) ?? cachedTraining(evidence, given)
}

/** Predictions count when evaluate made them from this very model, where no project code could have. */
function foreignPredictions(evidence: Evidence, given: Case): string | undefined {
  if (given.isolation === 'none') return undefined
  const others = given.records.filter(other => other.evidence.action.name === 'evaluate' && other.evidence !== evidence)
  const written = (by: readonly EvidenceRecord[], {sha256}: Material['digest']) => by.some(one => wrotePredictions(one.evidence, sha256))
  const ours = others.filter(other => scored(other, given))
  const borrowed = others.filter(other => !scored(other, given))
  const foreign = evidence.materials.find(
    material => !written(ours, material.digest) && (material.kind === 'predictions' || written(borrowed, material.digest))
  )
  return (
    foreign &&
    `judged the file of predictions ${foreign.name} (sha256 ${foreign.digest.sha256}), which nothing binds to this model. Let it score the model itself, or set isolation: none`
  )
}

/** The whole digest decides where evaluate named it, as the fact `predictions`; its file's name holds but the first 48 bits. */
function wrotePredictions({files, facts}: Evidence, sha256: string): boolean {
  const whole = facts.find(({name}) => name === 'predictions')?.value
  if (files.predictions === undefined || (whole !== undefined && whole !== sha256)) return false
  return files.predictions.endsWith(`predictions-${sha256.slice(0, 12)}.parquet`)
}

function scored(record: EvidenceRecord, given: Case): boolean {
  const {subjects, materials} = record.evidence
  const own = subjects.some(({kind, digest}) => kind === 'model' && digest.sha256 === given.digest)
  return own && !materials.some(({kind}) => kind === 'predictions') && !ranProjectCode(record, given)
}

/** Whether training code could have written it: it is of a job that trained, or came in the artifact of one (`trainyard-judge-train` can be judge's too). */
function ranProjectCode({evidence: {run}, folder}: EvidenceRecord, given: Case): boolean {
  const together = (other: EvidenceRecord) => given.onRunner && folder !== null && other.folder === folder
  return ofTraining(run.job, given) || given.records.some(other => other.evidence.action.name === 'train' && together(other))
}

function ofTraining(job: string, {records}: Case): boolean {
  return records.some(({evidence}) => evidence.action.name === 'train' && evidence.run.job === job)
}

/** Who may write to a branch's caches need not be who may publish from it; what the registry gave back was published before. */
function cachedTraining({action, facts}: Evidence, {isolation}: Case): string | undefined {
  const from = facts.find(({name}) => name === 'restored from')?.value
  if (action.name !== 'train' || isolation === 'none' || typeof from !== 'string' || from.startsWith('registry')) return undefined
  return `its result was restored from the ${from}, which other runs can write to. Train it anew where it is published, with reuse: registry at most, or set isolation: none`
}

function changedConfig({materials, run}: Evidence, {config}: Case): string | undefined {
  const then = materials.find(({kind, name}) => kind === 'gates' && name === config?.name)
  if (!config || !then || then.digest.sha256 === config.sha256) return undefined
  return `its gates were changed after job ${run.job} judged by them: ${config.name} had sha256 ${then.digest.sha256} then and has ${config.sha256} now. Run the job again`
}

function absence(name: string, {root, refused}: Case): string {
  const file = new RegExp(`(?:^|[\\\\/])${name}-[0-9a-f]{12}\\.json$`)
  const there = refused.find(one => file.test(one.file))
  if (there) return `its evidence ${there.file} was refused: it ${there.reason}`
  return `no evidence was found in ${root}. Run ${name} in a job that this one needs, and download its artifact into a folder of its own there`
}

function idOf(name: string): string {
  return `evidence(${name})`
}
