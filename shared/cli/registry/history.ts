import {messageOf, UserError} from '#shared/errors'
import {parseEvidence} from '#shared/evidence/schema'
import {BY_HAND, byWhom} from '#shared/registry/by'
import type {History} from '#shared/registry/history'
import {aliasOn, type LogEntry} from '#shared/registry/log'
import type {Registry} from '#shared/registry/registry'
import {visible} from '#shared/report/inert'
import {tally} from '#shared/report/verdicts'
import {question as askBack} from '../suggestion.js'
import {columns} from './columns.js'
import {type Moment, parseMoment, showTime} from './moment.js'
import {type Asker, COMMON_USAGE, parseQuestion, type QuestionSpec} from './question.js'

const SPEC: QuestionSpec = {
  words: '[name]',
  options: {at: {type: 'string'}, alias: {type: 'string'}},
  usage: `trainyard history [name] [--at <when>] [options]

What happened to a model, newest first: registered, promoted, rolled back (an alias, or a canary before it was promoted), retired, by whom, why, which run, who approved.

  --at <when>           what was champion then, on which evidence, who approved: 2026-11-01, or 2026-11-01T09:30Z
  --alias <alias>       with --at: another alias than champion
${COMMON_USAGE}

Exit codes: 0 told, 2 usage, 3 the registry can't be read, or its log has a hole where the answer lies`
}

/** `trainyard history`: from the log, aliases and manifests alone. */
export async function historyCommand(args: readonly string[], asker: Asker): Promise<number> {
  const question = parseQuestion('history', args, SPEC, asker)
  if (question === null) return 0
  const [word, ...more] = question.words
  if (more.length > 0) throw new UserError(`history: unexpected ${more[0]}`, {kind: 'usage', hint: `trainyard history ${SPEC.words}`})
  const at = question.text('at')
  const moment = at === undefined ? undefined : parseMoment(at)
  const {registry, name} = await question.open(word)
  const history = await registry.history(name)
  if (history.entries.length === 0)
    throw new UserError(`${name}: nothing was ever published in ${registry.address}`, {hint: await modelsOf(registry, name)})
  const told = {history, name, registry, json: question.flag('json'), print: asker.print}
  return moment === undefined ? tellAll(told) : await tellMoment(told, moment, question.text('alias') ?? 'champion', question.now)
}

async function modelsOf(registry: Registry, name: string): Promise<string> {
  const names = await registry.names()
  if (names.length === 0) return 'Nor was any other model: check the registry.'
  return `${askBack(name, names)}There is: ${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ', …' : ''}.`
}

const MOST_NAMES = 20

interface Told {
  readonly history: History
  readonly name: string
  readonly registry: Registry
  readonly json: boolean
  readonly print: (line: string) => void
}

function tellAll({history: {entries, holes}, name, registry, json, print}: Told): number {
  if (json) print(JSON.stringify({name, registry: registry.address, entries, holes}, undefined, 2))
  else {
    print(`${name} in ${registry.address}, newest first, times in UTC`)
    const rows = entries.toReversed().map(entry => ({cells: cellsOf(entry), notes: notesOf(entry)}))
    const [head, ...lines] = columns(
      ['when', 'what', 'version', 'digest', 'by', 'why'],
      rows.map(({cells}) => cells)
    )
    print(head)
    lines.forEach((line, index) => {
      print(line)
      for (const note of rows[index].notes) print(`${' '.repeat(21)}${note}`)
    })
    tellHoles(holes, print)
  }
  return 0
}

function tellHoles(holes: readonly string[], print: (line: string) => void): void {
  for (const hole of holes) print(`! ${visible(hole, 400)}`)
}

function cellsOf(entry: LogEntry): string[] {
  const {at, version, digest, by, reason} = entry
  return [showTime(at), whatHappened(entry), version, digest.slice(0, 12), by || BY_HAND, `${whereFrom(entry)}${reason}`]
}

function whereFrom({previous, rollout}: LogEntry): string {
  if (rollout) return rollout.percent === 0 ? `canary on ${rollout.endpoint}: ` : `canary at ${rollout.percent}% on ${rollout.endpoint}: `
  return previous === null ? '' : `from ${previous.version}: `
}

/** Of an alias where it was moved to, of a canary what became of it: the version comes after the words. */
function whatHappened({event, alias}: LogEntry): string {
  const words = event === 'rolled-back' && alias !== null ? 'rolled back to' : event.replace('-', ' ')
  return alias === null || alias === 'champion' ? words : `${alias} ${words}`
}

function notesOf({runUrl, approvals = []}: LogEntry): string[] {
  return [...(runUrl === '' ? [] : [visible(runUrl, 200)]), ...approvals.map(approvalText)]
}

function approvalText({environment, by, comment}: NonNullable<LogEntry['approvals']>[number]): string {
  return `approved for ${visible(environment, 60)} by ${visible(by, 60)}${comment === '' ? '' : `: ${visible(comment, 300)}`}`
}

/** Where the alias was at a time; for a day where it was when the day began, and every move on it. */
async function tellMoment(told: Told, {from, to}: Moment, alias: string, now: Date): Promise<number> {
  const {history, name, json, print} = told
  const before = aliasOn(history.entries, alias, from)
  const moves = history.entries.filter(
    entry => entry.alias === alias && Date.parse(entry.at) > from.getTime() && Date.parse(entry.at) <= to.getTime()
  )
  const answers = [...(before ? [before] : []), ...moves]
  const uncertain = holeAt(history, alias, before, to)
  if (json) {
    const all = await Promise.all(answers.map(async entry => ({...entry, evidence: await evidenceOf(told.registry, name, entry.version)})))
    print(JSON.stringify({name, alias, from, to, answers: all, uncertain: uncertain ?? null, holes: history.holes}, undefined, 2))
  } else {
    if (to > now) print(`${from > now ? 'That lies in the future' : 'That day is not over yet'}; this is how it stands now.`)
    if (before === null) print(`${showTime(from)}: ${alias} of ${name} pointed nowhere yet`)
    else await tellAnswer(told, `${showTime(from)}: ${alias} of ${name} was`, before)
    for (const move of moves) await tellAnswer(told, `${showTime(move.at)}: ${alias} became`, move)
    tellHoles(history.holes, print)
  }
  if (uncertain === undefined) return 0
  throw new UserError(`history: ${uncertain}`, {hint: 'What is told above may not be all.'})
}

/** Why an answer can't be trusted: a move of the alias that is torn or gone may lie between what is told and what comes next. */
function holeAt({entries, holes}: History, alias: string, before: LogEntry | null, to: Date): string | undefined {
  const moves = entries.filter(entry => entry.alias === alias).toSorted((a, b) => a.generation - b.generation)
  const last = moves.findLast(({at}) => Date.parse(at) <= to.getTime())?.generation ?? 0
  const first = before?.generation ?? 0
  const next = moves.find(({generation}) => generation > last)?.generation
  const known = new Set(moves.map(({generation}) => generation))
  const end = next ?? last + 1
  for (let generation = first + 1; generation < end; generation++)
    if (!known.has(generation)) return `generation ${generation} of ${alias} is missing from the log, and lies where the answer does`
  return next === undefined ? holes.find(hole => hole.includes(`-alias-${alias}-`)) : undefined
}

async function tellAnswer({registry, name, print}: Told, start: string, entry: LogEntry): Promise<void> {
  print(`${start} ${entry.version} (sha256 ${entry.digest})`)
  print(`  ${whatHappened(entry)}${whither(entry)} ${showTime(entry.at)} ${byWhom(visible(entry.by, 60))}: ${visible(entry.reason, 300)}`)
  for (const note of notesOf(entry)) print(`  ${note}`)
  if ((entry.approvals ?? []).length === 0) print('  nobody was asked for an approval')
  for (const line of await evidenceOf(registry, name, entry.version)) print(`  evidence: ${line}`)
  if (await registry.tombstone(name, entry.version)) print('  its model was retired since; this evidence is what stays')
}

function whither({event, version, previous}: LogEntry): string {
  return event === 'rolled-back' ? ` ${version}${previous ? ` from ${previous.version}` : ''}` : ''
}

async function evidenceOf(registry: Registry, name: string, version: string): Promise<string[]> {
  try {
    const documents = await registry.evidence(name, version)
    return documents.length === 0 ? ['none was kept'] : documents.map(({action, bytes}) => evidenceText(action, bytes))
  } catch (error) {
    if (error instanceof UserError) return [`can't be read: ${visible(messageOf(error), 300)}`]
    throw error
  }
}

function evidenceText(action: string, bytes: Buffer): string {
  try {
    const {verdict, outcome, checks, run} = parseEvidence(JSON.parse(bytes.toString('utf8')), action)
    return `${action} ${outcome}, ${verdict} (${tally(checks)})${run.url === '' ? '' : `, ${visible(run.url, 200)}`}`
  } catch {
    return `${action}: not a document that this version reads`
  }
}
