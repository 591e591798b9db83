import type {Approval} from '#shared/registry/approval'
import type {Snapshot} from '#shared/telemetry/counts'
import type {Weights} from '#shared/traffic/endpoint'
import type {StepTally} from './tallies.js'

export const SCHEMA = 'urn:trainyard:canary:v1'

/** A version of the registry. */
export interface Release {
  readonly version: string
  readonly digest: string
}

/** Who may move the rollout on, until when. */
export interface Lease {
  /** job of a run: a later attempt of it takes over at once */
  readonly holder: string
  readonly attempt: number
  /** where a person looks for it */
  readonly run: string
  /** ISO 8601 */
  readonly expiresAt: string
}

/**
 * `prepared`: nothing has moved. `step`: the candidate takes a share. `promoting`: it takes all, the alias follows.
 * `rolling-back`: all goes back to the last good version. The others are ends.
 */
export const PHASES = ['prepared', 'step', 'promoting', 'rolling-back', 'promoted', 'rolled-back', 'rollback-failed'] as const
export type Phase = (typeof PHASES)[number]

export const CAUSES = ['gates', 'deadline', 'blind', 'aborted', 'foreign', 'unmoved', 'refused', 'alias', 'registry', 'abandoned'] as const
/** Why a rollout went back. */
export type Cause = (typeof CAUSES)[number]

/** A rollout on one endpoint, as the registry keeps it: written before each change of the endpoint, and again when that is verified. */
export interface Rollout {
  readonly schema: typeof SCHEMA
  /** grows by one with every write */
  readonly generation: number
  readonly endpoint: string
  readonly name: string
  readonly candidate: Release
  /** what took all traffic before; null: the first deployment */
  readonly lastGood: string | null
  /** where the alias champion pointed before */
  readonly champion: (Release & {readonly generation: number}) | null
  /** who let the candidate go to the environment; empty: nobody was asked */
  readonly approvals: readonly Approval[]
  readonly phase: Phase
  /** whole percents of the steps before 100% */
  readonly steps: readonly number[]
  /** index of the step at hand */
  readonly step: number
  /** what the endpoint has, or is to have as long as `applied` is false */
  readonly weights: Weights
  /** what it had before */
  readonly before: Weights
  /** whether the weights were read back from the endpoint */
  readonly applied: boolean
  /** of the steps begun */
  readonly tallies: readonly StepTally[]
  /** the reading up to which `tallies` count; null: the next one is where they start */
  readonly counted: Snapshot | null
  /** ISO 8601 */
  readonly startedAt: string
  readonly updatedAt: string
  /** time spent, by a clock that never goes back while a run lasts */
  readonly elapsedMs: number
  readonly deadlineMs: number
  readonly cause: Cause | null
  /** why it stands where it stands, for people */
  readonly reason: string
  readonly lease: Lease
}

/** Whether nothing is left to do. */
export function isEnd(phase: Phase): boolean {
  return phase === 'promoted' || phase === 'rolled-back' || phase === 'rollback-failed'
}

/** Where a person looks for the run that holds a rollout. */
export function runOf({lease}: Pick<Rollout, 'lease'>): string {
  return lease.run || lease.holder
}

/** Whether two splits are the same; weights of 0 do not count. */
export function sameWeights(first: Weights, second: Weights): boolean {
  const digests = new Set([...Object.keys(first), ...Object.keys(second)])
  return [...digests].every(digest => (first[digest] ?? 0) === (second[digest] ?? 0))
}

export interface Beginning {
  readonly endpoint: string
  readonly name: string
  readonly candidate: Release
  readonly lastGood: string | null
  readonly champion: Rollout['champion']
  readonly approvals: Rollout['approvals']
  readonly steps: readonly number[]
  readonly weights: Weights
  readonly deadlineMs: number
  readonly at: string
  readonly lease: Lease
}

/** A rollout before anything has moved. */
export function beginRollout({at, ...given}: Beginning): Rollout {
  return {
    schema: SCHEMA,
    generation: 1,
    ...given,
    before: given.weights,
    phase: 'prepared',
    step: 0,
    applied: true,
    tallies: [],
    counted: null,
    startedAt: at,
    updatedAt: at,
    elapsedMs: 0,
    cause: null,
    reason: 'begun'
  }
}
