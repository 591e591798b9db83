import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseEvidence} from '#shared/evidence/schema'
import type {Progress, StepResult} from '../run/progress.js'
import {type RunResult, runWorkflow} from '../run/run.js'
import {type Kept, keepReport} from './kept.js'
import type {Stage} from './stage.js'
import {renderRollout, renderStep, seconds, type Told} from './told.js'

/** One run of the workflow. */
export interface Act {
  readonly event: 'push' | 'pull_request'
  readonly title: string
}

export interface Played extends Act, Kept {
  readonly result: RunResult['result']
  readonly jobs: RunResult['jobs']
  readonly told: readonly Told[]
}

export interface Host {
  /** the clone of Trainyard, whose bundles run */
  readonly packageRoot: string
  readonly env: Readonly<Record<string, string | undefined>>
  print(line: string): void
}

const WORKFLOW = '.github/workflows/continuous-training.yml'

/** Runs the workflow once and says what happens, a line a step. */
export async function play(act: Act, stage: Stage, number: number, host: Host): Promise<Played> {
  const told: Told[] = []
  host.print(`\n${number}. ${act.title}`)
  const narrate = narrator(host.print)
  const onProgress = (progress: Progress) => {
    if (progress.kind === 'line') narrate(progress.job, renderRollout(progress.text))
    if (progress.kind !== 'step-end') return
    const one: Told = {job: progress.job, step: progress.step, evidence: evidenceOf(progress.step)}
    told.push(one)
    narrate(one.job, renderStep(one))
  }
  const started = performance.now()
  const {result, jobs} = await runWorkflow({
    file: join(stage.repository.folder, WORKFLOW),
    cwd: stage.repository.folder,
    packageRoot: host.packageRoot,
    event: act.event,
    vars: stage.vars,
    secrets: stage.secrets,
    env: host.env,
    workDir: join(stage.folder, 'runs', `${number}-${act.event}`),
    onProgress
  })
  const steps = told.map(({step}) => step)
  host.print(`   ${result} after ${seconds(performance.now() - started)}`)
  return {...act, result, jobs, told, ...keepReport(act.event, steps, stage.folder)}
}

/** Says lines below the name of their job, and none twice in a row. */
function narrator(print: (line: string) => void): (job: string, lines: readonly string[]) => void {
  let at = ''
  let last = ''
  return (job, lines) => {
    for (const line of lines) {
      if (job !== at) print(`   ${job}`)
      if (line !== last) print(`     ${line}`)
      at = job
      last = line
    }
  }
}

function evidenceOf({outputs}: StepResult): Told['evidence'] {
  return outputs.evidence ? parseEvidence(JSON.parse(readFileSync(outputs.evidence, 'utf8')), outputs.evidence) : undefined
}
