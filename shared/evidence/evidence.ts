/** The evidence contract: what an action hands on, and how verdict and outcome follow from its checks. Plain data throughout. */

/** In order of severity: the worst check is the verdict. `error` means that nothing was measured. */
export const VERDICTS = ['pass', 'warn', 'inconclusive', 'fail', 'error'] as const
export type Verdict = (typeof VERDICTS)[number]
export type Outcome = 'green' | 'red'
export type Operator = '>=' | '<=' | '>' | '<' | '==' | '!='

export const SCHEMA = 'urn:trainyard:evidence:v1'

export interface Digest {
  /** 64 lower-case hex digits: of a file its SHA-256, of a folder its tree digest. */
  readonly sha256: string
}

export interface Subject {
  readonly kind: 'data' | 'model' | 'deployment'
  readonly name: string
  readonly digest: Digest
  /** bytes */
  readonly size?: number
}

/** What the verdict depended on besides the subject. */
export interface Material {
  readonly kind:
    | 'data'
    | 'model'
    | 'contract'
    | 'gates'
    | 'champion'
    | 'code'
    | 'environment'
    | 'parameters'
    | 'predictions'
    | 'metrics'
    | 'evidence'
  readonly name: string
  readonly digest: Digest
  readonly size?: number
}

/** `low` and `high` are each a one-sided bound at `confidence`; null is unbounded on that side. */
export interface Interval {
  readonly low: number | null
  readonly high: number | null
  readonly confidence: number
  readonly method: string
}

export interface Check {
  /** canonical text of the gate, or `<column>.<rule>` of a contract; unique within one evidence */
  readonly id: string
  readonly verdict: Verdict
  /** one sentence, subject first, numbers with their limit */
  readonly message: string
  readonly measured?: number
  readonly operator?: Operator
  /** the number that `measured` is held against, references resolved */
  readonly bound?: number
  readonly reference?: {readonly name: string; readonly value: number | null; readonly difference?: number}
  /** of what was decided: of `measured`, or for a reference of the paired difference or ratio */
  readonly interval?: Interval
  /** an inconclusive check only: on which side of the bound the estimate lies */
  readonly estimate?: 'meets' | 'misses'
  /** rows, groups or requests that were measured */
  readonly n?: number
  /** rows that a slice was cut to, as written: `gender=female` */
  readonly slice?: string
  readonly unit?: string
  readonly at?: {readonly file: string; readonly line?: number}
  readonly waiver?: {readonly owner: string; readonly reason: string; readonly expires: string}
}

/** One series of x against y; null marks a gap. `low` and `high` are interval ends of y. */
export interface Series {
  readonly name: string
  readonly x: readonly (number | string)[]
  readonly y: readonly (number | null)[]
  readonly low?: readonly (number | null)[]
  readonly high?: readonly (number | null)[]
  readonly n?: readonly number[]
}

export interface Figure {
  readonly kind: 'curve' | 'bars' | 'matrix' | 'histogram' | 'timeline'
  /** stable name that the report looks up: `roc`, `calibration`, `selection_rate(gender)`, `rollout` */
  readonly id: string
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly series: readonly Series[]
  /** vertical marks on a timeline: a step was left, a rollback */
  readonly marks?: readonly {readonly x: number | string; readonly label: string}[]
}

/** A named value for the report's tables. */
export interface Fact {
  readonly name: string
  readonly value: string | number | boolean | null
  readonly unit?: string
}

export interface Policy {
  readonly mode: 'enforce' | 'observe'
  readonly onInconclusive: 'estimate' | 'warn' | 'fail'
}

export interface Run {
  readonly repository: string
  readonly sha: string
  readonly ref: string
  readonly event: string
  readonly workflow: string
  readonly job: string
  readonly runId: string
  readonly attempt: number
  readonly url: string
  readonly actor: string
  readonly startedAt: string
  readonly finishedAt: string
  readonly seed: number
}

export interface Evidence {
  readonly schema: typeof SCHEMA
  readonly action: {readonly name: string; readonly version: string}
  readonly subjects: readonly Subject[]
  readonly materials: readonly Material[]
  readonly verdict: Verdict
  readonly outcome: Outcome
  readonly policy: Policy
  readonly checks: readonly Check[]
  readonly figures: readonly Figure[]
  readonly facts: readonly Fact[]
  /** files beside the evidence, by paths relative to it: `model`, `predictions`, `page` */
  readonly files: Readonly<Record<string, string>>
  readonly run: Run
}

/** What an action's measuring returns; everything else of the evidence is derived from it. */
export interface Findings {
  readonly subjects: readonly Subject[]
  readonly materials?: readonly Material[]
  readonly checks: readonly Check[]
  readonly figures?: readonly Figure[]
  readonly facts?: readonly Fact[]
  readonly files?: Readonly<Record<string, string>>
  /** absent: an action that does not judge, whose own checks are enforced */
  readonly policy?: Policy
  /** the action's outputs besides `verdict`, `outcome` and `evidence` */
  readonly outputs?: Readonly<Record<string, string>>
  /** seed of the random numbers that were drawn; 0 when none were */
  readonly seed?: number
}

export const ENFORCED: Policy = {mode: 'enforce', onInconclusive: 'estimate'}

/** The worst of the checks; an empty list is `error`, for nothing was measured. */
export function worstVerdict(checks: readonly Pick<Check, 'verdict'>[]): Verdict {
  if (checks.length === 0) return 'error'
  return VERDICTS[Math.max(...checks.map(check => VERDICTS.indexOf(check.verdict)))]
}

/** What one check does to the step under a policy. */
export function outcomeOf(check: Pick<Check, 'verdict' | 'estimate'>, policy: Policy): Outcome {
  if (check.verdict === 'error') return 'red'
  if (check.verdict === 'pass' || check.verdict === 'warn' || policy.mode === 'observe') return 'green'
  if (check.verdict === 'fail') return 'red'
  if (policy.onInconclusive === 'warn') return 'green'
  return policy.onInconclusive === 'estimate' && check.estimate === 'meets' ? 'green' : 'red'
}

/** Red when any check is red, or when there is none. */
export function overallOutcome(checks: readonly Pick<Check, 'verdict' | 'estimate'>[], policy: Policy): Outcome {
  return checks.length > 0 && checks.every(check => outcomeOf(check, policy) === 'green') ? 'green' : 'red'
}

/** The evidence of findings: verdict and outcome are derived here and nowhere else. Throws when two checks have one id. */
export function toEvidence(action: Evidence['action'], findings: Findings, run: Omit<Run, 'seed'>): Evidence {
  const policy = findings.policy ?? ENFORCED
  const ids = new Set<string>()
  for (const {id} of findings.checks) {
    if (ids.has(id)) throw new Error(`two checks have the id ${id}`)
    ids.add(id)
  }
  return {
    schema: SCHEMA,
    action,
    subjects: findings.subjects,
    materials: findings.materials ?? [],
    verdict: worstVerdict(findings.checks),
    outcome: overallOutcome(findings.checks, policy),
    policy,
    checks: findings.checks,
    figures: findings.figures ?? [],
    facts: findings.facts ?? [],
    files: findings.files ?? {},
    run: {...run, seed: findings.seed ?? 0}
  }
}
