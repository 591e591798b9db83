import type {Annotation} from './log-commands.js'

export type StepOutcome = 'success' | 'failure' | 'cancelled' | 'skipped'
export type JobOutcome = StepOutcome

export interface StepResult {
  /** the `id:` of the step */
  readonly id?: string
  readonly name: string
  readonly uses?: string
  /** before `continue-on-error` */
  readonly outcome: StepOutcome
  /** after it */
  readonly conclusion: StepOutcome
  readonly outputs: Readonly<Record<string, string>>
  /** Markdown that the step wrote for people, masked */
  readonly summary: string
  readonly annotations: readonly Annotation[]
  readonly durationMs: number
}

export interface JobResult {
  readonly id: string
  readonly name: string
  readonly result: JobOutcome
  readonly outputs: Readonly<Record<string, string>>
  readonly steps: readonly StepResult[]
  readonly durationMs: number
}

/** What happens while a workflow runs, in order. */
export type Progress =
  | {readonly kind: 'said'; readonly text: string}
  | {readonly kind: 'job-start'; readonly job: string; readonly name: string}
  | {readonly kind: 'step-start'; readonly job: string; readonly name: string}
  | {readonly kind: 'line' | 'group'; readonly job: string; readonly text: string}
  | {readonly kind: 'annotation'; readonly job: string; readonly annotation: Annotation}
  | {readonly kind: 'step-end'; readonly job: string; readonly step: StepResult}
  | {readonly kind: 'job-end'; readonly job: JobResult}
