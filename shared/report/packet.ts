import type {Check, Evidence, Interval} from '#shared/evidence/evidence'
import {alike, count} from './numbers.js'

/** What a rollout will do, as `trainyard.yml` and the defaults say it. */
export interface Plan {
  /** `5%` */
  readonly steps: readonly string[]
  /** on the candidate, in each step */
  readonly minimumRequests: number
  readonly deadlineMs: number
  readonly gates: readonly {readonly id: string; readonly warn: boolean}[]
  readonly mode: 'enforce' | 'observe'
  readonly onInconclusive: 'warn' | 'estimate' | 'fail'
}

/** What somebody approves who lets a version be deployed: it is published, and nothing of it has been rolled out yet. */
export interface Packet {
  readonly name: string
  readonly version: string
  /** 64 hex digits */
  readonly digest: string
  /** where the registry holds it; empty where nothing says so */
  readonly url: string
  /** what it would replace: `v1 22ff0efe270b`, as evaluate says; undefined where nothing says so */
  readonly champion?: string
  /** of the run, in which it was published */
  readonly attempt: number
  readonly plan?: Plan
}

/** The packet of a run that published one version for a canary; undefined where none, several, or the champion itself was published, and once a rollout has begun. */
export function packetOf(evidence: readonly Evidence[], plan?: Plan): Packet | undefined {
  if (evidence.some(({action}) => action.name === 'deploy-canary')) return undefined
  const published = evidence.filter(({action, outcome}) => action.name === 'publish' && outcome === 'green')
  const [one, another] = published
  if (one === undefined || another !== undefined) return undefined
  const fact = (name: string) => one.facts.find(given => given.name === name)?.value
  const [version, url, model] = [fact('version'), fact('url'), one.subjects.find(({kind}) => kind === 'model')]
  if (typeof version !== 'string' || model === undefined || fact('alias') === 'champion') return undefined
  const champion = evidence.flatMap(({facts}) => facts).find(given => given.name === 'champion' && typeof given.value === 'string')?.value
  const rest = {
    url: typeof url === 'string' ? url : '',
    attempt: one.run.attempt,
    plan,
    ...(champion !== undefined && {champion: champion === 'none' ? 'none, compared with nothing' : String(champion)})
  }
  return {name: model.name, version, digest: model.digest.sha256, ...rest}
}

/** What the comment of an approval must be where it is required, since GitHub does not say in which attempt somebody approved; undefined in the first. */
export function commentAsked({attempt}: Packet): string | undefined {
  return attempt === 1 ? undefined : `attempt ${attempt} published it: where approvals are required, the comment must say`
}

/** One check against the champion; numbers of equal digits. */
export interface Comparison {
  readonly check: Check
  readonly candidate: string
  readonly champion: string
  readonly difference: string
  /** of the difference, where that is what was judged */
  readonly interval?: Interval
}

/** Every check that compares candidate and champion, in the order in which they were judged. */
export function comparisons(evidence: readonly Evidence[]): readonly Comparison[] {
  return evidence
    .flatMap(({checks}) => checks)
    .flatMap(check => {
      const other = check.reference?.name === 'champion' ? check.reference.value : null
      if (check.measured === undefined || other === null) return []
      const {first, second, difference} = alike(check.measured, other)
      // Against `champion * x` it is not the difference that was judged.
      const interval = check.id.includes('*') ? undefined : check.interval
      return [{check, candidate: first, champion: second, difference, interval}]
    })
}

const UNSETTLED = {
  warn: 'the rollout goes on, with a warning',
  estimate: 'the rollout goes on where the estimate is on the good side',
  fail: 'the step waits until the gate is proven to hold'
} as const

/** The plan a phrase a line, its name first; gates stand apart. */
export function planLines({steps, minimumRequests, deadlineMs, mode, onInconclusive}: Plan): readonly (readonly [string, string])[] {
  const broken = mode === 'observe' ? 'it is shown and stops nothing (mode: observe)' : 'all traffic goes back at once'
  return [
    ['Traffic', [...steps, 'all of it'].join(', then ')],
    ['Each step', `until the candidate has answered ${count(minimumRequests, 'request')}`],
    ['A gate is proven broken', broken],
    ['A gate is neither proven nor broken', `${UNSETTLED[onInconclusive]} (on-inconclusive: ${onInconclusive})`],
    ['At the latest', `after ${spanOf(deadlineMs)} all traffic goes back`]
  ]
}

function spanOf(ms: number): string {
  if (ms % 3_600_000 === 0) return count(ms / 3_600_000, 'hour')
  return ms % 60_000 === 0 ? count(ms / 60_000, 'minute') : count(ms / 1000, 'second')
}
