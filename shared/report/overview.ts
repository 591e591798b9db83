import type {Check, Evidence, Run, Subject} from '#shared/evidence/evidence'
import {isLoosening} from '#shared/gates/loosened'
import {alike, count} from './numbers.js'
import {type Packet, type Plan, packetOf} from './packet.js'
import {type Requirement, requirements} from './requirements.js'
import {tally} from './verdicts.js'

/** What a report is made from. `run` is the reporting job's own, the only place whose address is trusted. */
export interface ReportSource {
  readonly title: string
  /** actions without whose enforced green evidence nothing is ready */
  readonly require: readonly string[]
  /** of each action, job and subject the newest */
  readonly evidence: readonly Evidence[]
  readonly run: Omit<Run, 'seed'>
  /** of the rollout that comes after publish */
  readonly plan?: Plan
  /** why nothing in the evidence may be believed: `produced by fork code` */
  readonly unverified?: string
  /** what the reporting job itself found to be looser than on the base */
  readonly loosened?: readonly Check[]
}

export interface ActionRow {
  readonly action: string
  /** absent: required and missing */
  readonly evidence?: Evidence
  readonly required: boolean
}

export interface Overview {
  readonly title: string
  readonly ready: boolean
  /** how the decision is marked: unverified evidence never passes */
  readonly mark: 'pass' | 'warn' | 'fail'
  /** `ready`, `ready to deploy v12 (sha256 a1b2c3d4e5f6)`, `promoted: wages v12 takes all traffic (sha256 a1b2c3d4e5f6)`, or `not ready: validate-data is red; evaluate, check-fairness did not run` */
  readonly decision: string
  /** what is looser than on the base, a phrase each: what a reviewer must see before the figures */
  readonly looser: readonly string[]
  /** `27 passed, 2 warned` over all actions */
  readonly tally: string
  readonly models: readonly Subject[]
  /** candidate against champion, a phrase a metric; or that there was none */
  readonly champion: readonly string[]
  /** how the rollout ended, where there was one */
  readonly rollout?: string
  /** what is approved, between publish and deploy */
  readonly packet?: Packet
  readonly rows: readonly ActionRow[]
  readonly requirements: readonly Requirement[]
}

const ORDER = ['validate-data', 'train', 'evaluate', 'check-fairness', 'check-robustness', 'publish', 'deploy-canary']

/** What the reader must know first, from evidence alone. Reports of reports are left out. */
export function overview({title, require, evidence: all, plan, unverified, loosened = []}: Omit<ReportSource, 'run'>): Overview {
  const evidence = all.filter(({action}) => action.name !== 'report').toSorted((a, b) => rank(a.action.name) - rank(b.action.name))
  const demands = requirements(require, evidence)
  const blocked = demands.filter(({state}) => state === 'blocked').map(({action}) => action)
  const problems = [
    ...(evidence.length === 0 ? ['there is no evidence'] : []),
    ...[...new Set(evidence.filter(({outcome}) => outcome === 'red').map(({action}) => action.name))].map(name => `${name} is red`),
    ...(blocked.length === 0 ? [] : [`${blocked.join(', ')} did not run`]),
    ...demands.filter(({state}) => state === 'missing' || state === 'observed').map(({problem}) => problem)
  ]
  const packet = packetOf(evidence, plan)
  const decision = problems.length === 0 ? readiness(packet, evidence) : `not ready: ${short(problems).join('; ')}`
  return {
    title,
    ready: problems.length === 0 && unverified === undefined,
    mark: problems.length > 0 ? 'fail' : unverified === undefined ? 'pass' : 'warn',
    decision: unverified === undefined ? decision : `unverified: ${unverified}, which says that it is ${decision}`,
    looser: looserThanBase([...evidence.flatMap(({checks}) => checks), ...loosened]),
    tally: tally(evidence.flatMap(({checks}) => checks)),
    models: modelsOf(evidence),
    champion: against(evidence),
    rollout: rolloutOf(evidence),
    packet,
    rows: rows(require, evidence),
    requirements: demands
  }
}

function looserThanBase(checks: readonly Check[]): readonly string[] {
  return [...new Set(checks.filter(isLoosening).map(({message}) => message))]
}

/** What is so where nothing is amiss: before a rollout `ready`, after it how it ended. */
function readiness(packet: Packet | undefined, evidence: readonly Evidence[]): string {
  const deployed = evidence.find(({action}) => action.name === 'deploy-canary')
  const model = deployed?.subjects.find(({kind}) => kind === 'model')
  const takes = model === undefined ? '' : `: ${model.name} takes all traffic (sha256 ${model.digest.sha256.slice(0, 12)})`
  if (deployed?.checks.some(({id}) => id === 'already_serving')) return `deployed already${takes}`
  const result = rolloutOf(evidence)
  if (result === 'promoted') return `promoted${takes}`
  if (result !== undefined) return `ready, but not deployed: the rollout is ${result}`
  return packet === undefined ? 'ready' : `ready to deploy ${packet.version} (sha256 ${packet.digest.slice(0, 12)})`
}

function rank(action: string): number {
  const place = ORDER.indexOf(action)
  return place < 0 ? ORDER.length : place
}

function short(problems: readonly string[]): readonly string[] {
  return problems.length <= 4 ? problems : [...problems.slice(0, 3), count(problems.length - 3, 'more problem')]
}

/** Each model once, however many actions name it. */
export function modelsOf(evidence: readonly Evidence[]): readonly Subject[] {
  const models = evidence.flatMap(({subjects}) => subjects.filter(({kind}) => kind === 'model'))
  return [...new Map(models.toReversed().map(model => [model.digest.sha256, model])).values()].toReversed()
}

function rows(require: readonly string[], evidence: readonly Evidence[]): readonly ActionRow[] {
  const there = new Set(evidence.map(({action}) => action.name))
  const missing = [...new Set(require)].filter(action => !there.has(action)).map(action => ({action, required: true}))
  const present = evidence.map(one => ({action: one.action.name, evidence: one, required: require.includes(one.action.name)}))
  return [...present, ...missing].toSorted((a, b) => rank(a.action) - rank(b.action))
}

function against(evidence: readonly Evidence[]): readonly string[] {
  const compared = evidence.flatMap(({checks}) => checks).filter(check => check.reference?.name === 'champion' && check.slice === undefined)
  const phrases = [...new Set(compared.flatMap(comparison))].slice(0, 3)
  if (phrases.length > 0) return phrases
  const said = evidence.flatMap(({facts}) => facts).find(({name, value}) => name === 'champion' && typeof value === 'string')
  return said === undefined ? [] : [`champion: ${said.value}${said.value === 'none' ? ', compared with nothing' : ''}`]
}

function comparison({id, measured, reference}: Check): readonly string[] {
  const other = reference?.value
  if (measured === undefined || other === undefined || other === null) return []
  const metric = /^[^<>=!]+/.exec(id)?.[0].trim() ?? id
  const {first, second, difference} = alike(measured, other)
  return [`${metric} ${first} against champion ${second} (${difference})`]
}

function rolloutOf(evidence: readonly Evidence[]): string | undefined {
  const result = evidence
    .filter(({action}) => action.name === 'deploy-canary')
    .flatMap(({facts}) => facts)
    .find(({name}) => name === 'result')?.value
  return typeof result === 'string' ? result : undefined
}
