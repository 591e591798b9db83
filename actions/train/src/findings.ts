import type {Check, Fact, Figure, Findings, Material} from '#shared/evidence/evidence'
import type {CommandEnd} from '#shared/process'
import {code} from '#shared/report/inert'
import type {GpuUse} from '#shared/training/gpu-use'
import type {KeptModel} from '#shared/training/kept-model'
import type {Machine} from '#shared/training/machine'

/** What one training run left, as far as it got. */
export interface Training {
  /** the command line as it was given */
  readonly command: string
  readonly end: CommandEnd
  /** `ended with exit code 0`, and so on */
  readonly ending: string
  readonly machine: Machine & {readonly text: string}
  /** what the GPUs did while it ran; absent where there are none or nothing ran */
  readonly gpuUse?: GpuUse
  /** what went in: data, code, parameters, environment */
  readonly materials: readonly Material[]
  readonly parameters: readonly Fact[]
  /** what came out, or why that does not count; absent where it was not asked for */
  readonly model: Made<KeptModel>
  readonly metrics?: Made<Readonly<Record<string, number>>>
  readonly history?: Made<readonly Figure[]>
  /** data files that are not what they were before the command ran; absent when none were declared */
  readonly changed?: readonly string[]
  /** of all that was declared; absent where data was not */
  readonly fingerprint?: string
  /** where the result was restored from, instead of a run of the command */
  readonly restored?: Restored
  /** what the command wrote, changed or removed where only actions write; absent on a terminal */
  readonly planted?: readonly string[]
  /** paths as they are shown */
  readonly names: {readonly model: string; readonly metrics?: string; readonly history?: string}
}

export interface Restored {
  readonly source: 'registry' | 'cache'
  /** `registry: wages v3` */
  readonly from: string
  /** when it was trained, ISO 8601, and where a person finds that run */
  readonly at: string
  readonly runUrl: string
}

export type Made<T> = {readonly value: T} | {readonly error: string}

const SHOWN_METRICS = 50

/** Evidence of a training run: green when the command ended with 0, wrote its model anew and left its data alone. */
export function trainFindings(training: Training): Findings {
  const {end, model, names, materials, history, gpuUse} = training
  const ended = end.exitCode === 0 && !end.timedOut && end.interruptedBy === undefined
  const checks = [exitCheck(training, ended), ...leftoverChecks(end), ...plantedChecks(training), ...(ended ? outputChecks(training) : [])]
  const kept = ended && 'value' in model ? model.value : undefined
  return {
    subjects: kept ? [{kind: 'model', name: names.model, digest: {sha256: kept.sha256}, size: kept.size}] : [],
    materials,
    checks,
    figures: [...(history && 'value' in history ? history.value : []), ...(gpuUse?.figures ?? [])],
    facts: factsOf(training),
    ...(kept && {
      files: {model: kept.name},
      outputs: {model: kept.path, digest: kept.sha256, restored: String(training.restored !== undefined)}
    })
  }
}

/** The last lines of the output as Markdown, each inert. */
export function renderTail(lines: readonly string[]): string {
  return ['The last lines of the output:', '', ...lines.filter(line => line.trim() !== '').map(line => `- ${code(line, 300)}`)].join('\n')
}

function exitCheck({command, end, ending, restored, fingerprint = ''}: Training, ended: boolean): Check {
  if (restored) {
    const when = `${restored.at}${restored.runUrl === '' ? '' : ` in ${restored.runUrl}`}`
    const message = `${command} was not run: nothing that it declares has changed since ${when} (fingerprint ${fingerprint.slice(0, 12)}), and its result was restored from the ${restored.from}, verified by digest`
    return {id: 'train.restored', verdict: 'pass', message}
  }
  const last = end.output.tail.findLast(line => line.trim() !== '')
  const said = ended || last === undefined ? '' : `; its last line: ${last.slice(0, 300)}`
  return {
    id: 'train.exit',
    verdict: ended ? 'pass' : 'error',
    message: `${command} ${ending} after ${(end.durationMs / 1000).toFixed(1)} s${said}`
  }
}

function leftoverChecks({leftovers}: CommandEnd): Check[] {
  if (leftovers.length === 0) return []
  const names = leftovers.slice(0, 5).map(({pid, command}) => `${command} (process ${pid})`)
  const count = leftovers.length === 1 ? '1 process' : `${leftovers.length} processes`
  return [{id: 'train.leftovers', verdict: 'warn', message: `${count} outlived the command and had to be killed: ${names.join(', ')}`}]
}

function plantedChecks({planted}: Training): Check[] {
  if (planted === undefined) return []
  const shown = `${planted.slice(0, 5).join(', ')}${planted.length > 5 ? ` and ${planted.length - 5} more` : ''}`
  const message =
    planted.length === 0
      ? 'the command left the folder of evidence alone'
      : `the command wrote into the folder of evidence, which is handed on as what actions found: ${shown}. Let it write elsewhere`
  return [{id: 'train.evidence', verdict: planted.length === 0 ? 'pass' : 'error', message}]
}

function outputChecks({names, model, metrics, history, changed, restored}: Training): Check[] {
  const how = restored ? 'restored' : 'written anew'
  const checks = [madeCheck('train.model', model, ({size}) => `${names.model} was ${how}, ${size.toLocaleString('en')} bytes`)]
  if (changed?.length) {
    checks.push({
      id: 'train.data',
      verdict: 'error',
      message: `${changed.join(', ')} changed while the command ran: what it was trained on is not known`
    })
  } else if (changed) checks.push({id: 'train.data', verdict: 'pass', message: 'data: the declared files are what they were before'})
  if (metrics) checks.push(madeCheck('train.metrics', metrics, all => `${names.metrics}: ${counted(Object.keys(all).length, 'metric')}`))
  if (history) checks.push(madeCheck('train.history', history, all => `${names.history}: ${counted(all.length, 'curve')}`))
  return checks
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function madeCheck<T>(id: string, made: Made<T>, describe: (value: T) => string): Check {
  return 'value' in made ? {id, verdict: 'pass', message: describe(made.value)} : {id, verdict: 'error', message: made.error}
}

function factsOf({command, end, machine, gpuUse, parameters, metrics, changed, restored, fingerprint}: Training): Fact[] {
  const measured = metrics && 'value' in metrics ? Object.entries(metrics.value).slice(0, SHOWN_METRICS) : []
  return [
    {name: 'command', value: command},
    {name: 'duration', value: Math.round(end.durationMs) / 1000, unit: 's'},
    ...(changed === undefined ? [{name: 'data', value: 'not declared: publish cannot require validate-data'}] : []),
    ...(restored ? [{name: 'restored from', value: restored.from}] : []),
    ...parameters,
    ...measured.map(([name, value]) => ({name, value})),
    {name: 'gpu', value: machine.gpus.length === 0 ? 'none' : machine.gpus.join('; ')},
    ...(machine.tenants.length === 0 ? [] : [{name: 'gpu shared with', value: machine.tenants.slice(0, 8).join('; ')}]),
    ...(gpuUse?.facts ?? []),
    {name: 'machine', value: machine.text},
    ...(fingerprint === undefined ? [] : [{name: 'fingerprint', value: fingerprint}])
  ]
}
