import type {Registry} from '#shared/registry/registry'
import type {Telemetry} from '#shared/telemetry/telemetry'
import type {Endpoint} from '#shared/traffic/endpoint'
import type {Lease, Release} from './rollout.js'

/** Everything that a rollout touches. */
export interface Ports {
  readonly endpoint: Endpoint
  readonly telemetry: Telemetry
  readonly registry: Pick<Registry, 'readState' | 'writeState' | 'resolve' | 'moveAlias' | 'logUndone' | 'versions' | 'manifest'>
  /** the file of a version, fetched from the registry and checked */
  readonly modelFile: (release: Release) => Promise<string>
  readonly now: () => Date
  /** milliseconds that never go back */
  readonly monotonicMs: () => number
  /** ends early when the run is cancelled */
  readonly sleep: (ms: number) => Promise<void>
  readonly cancelled: () => boolean
  readonly log: (line: string) => void
  readonly holder: Pick<Lease, 'holder' | 'attempt' | 'run'>
  readonly pace: Pace
}

/** Time spans in milliseconds. */
export interface Pace {
  /** between two looks at the counts */
  readonly lookMs: number
  /** between two attempts at what failed; grows to four times */
  readonly retryMs: number
  /** how long a run that was lost keeps others out */
  readonly leaseMs: number
}

export const PACE: Pace = {lookMs: 1000, retryMs: 1000, leaseMs: 120_000}

/** Where each write of the registry counts, the lease is renewed less often: who takes over from a lost run waits longer. */
export const METERED_PACE: Pace = {...PACE, leaseMs: 600_000}
