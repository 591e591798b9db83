import {UserError} from '#shared/errors'
import {formatNumber} from '#shared/evidence/number'
import type {RetentionPlan} from '#shared/registry/retention'
import {columns} from './columns.js'
import {showTime} from './moment.js'
import {type Asker, COMMON_USAGE, parseQuestion, type QuestionSpec} from './question.js'

const SPEC: QuestionSpec = {
  words: '[name] --keep <n> [--apply]',
  options: {keep: {type: 'string'}, apply: {type: 'boolean'}, reason: {type: 'string'}, 'dry-run': {type: 'boolean'}},
  usage: `trainyard retire [name] --keep <n> [--apply] [options]

Removes the models of versions that nothing needs. Without --apply it only says which.
What always stays: the newest n, what any alias points at or would go back to, what a rollout that goes on names, and what takes traffic after the
last one on an endpoint. Of a removed version its manifest, evidence and place in the history stay, and its number is never given again.

  --keep <n>            how many of the newest stay, at least 1
  --apply               do it
  --dry-run             only say it, as without --apply
  --reason <text>       why, for the log; default: keep <n>
${COMMON_USAGE}

Exit codes: 0 told or done, 2 usage, 3 it could not be told or done; running it again completes it`
}

/** `trainyard retire`: a dry run unless --apply is given. */
export async function retireCommand(args: readonly string[], asker: Asker): Promise<number> {
  const question = parseQuestion('retire', args, SPEC, asker)
  if (question === null) return 0
  const [word, ...more] = question.words
  if (more.length > 0) throw new UserError(`retire: unexpected ${more[0]}`, {kind: 'usage', hint: `trainyard retire ${SPEC.words}`})
  const apply = question.flag('apply')
  if (apply && question.flag('dry-run'))
    throw new UserError('retire: expected --apply or --dry-run, got both', {kind: 'usage', hint: 'Choose one.'})
  const keep = parseKeep(question.text('keep'))
  const {registry, name} = await question.open(word)
  const plan = await registry.planRetention(name, keep)
  if (plan.versions.length + plan.unfinished.length === 0)
    throw new UserError(`${name}: no version is in ${registry.address}`, {hint: 'Check the name and the registry.'})
  const retired = apply ? await registry.retire(plan, question.text('reason') ?? `keep ${keep}`) : []
  if (question.flag('json'))
    asker.print(JSON.stringify({name, keep, applied: apply, versions: plan.versions.map(asJson), retired}, undefined, 2))
  else {
    for (const line of render(plan)) asker.print(line)
    for (const {version, freed} of retired) asker.print(`retired ${version}: ${formatNumber(freed)} bytes removed`)
    if (apply && retired.length === 0) asker.print('Nothing to retire.')
    if (!apply) asker.print('Nothing was removed: this was a dry run. --apply does it.')
  }
  return 0
}

function parseKeep(written: string | undefined): number {
  const keep = /^[1-9]\d{0,5}$/.test(written ?? '') ? Number(written) : Number.NaN
  if (Number.isFinite(keep)) return keep
  throw new UserError(`--keep: expected a whole number of at least 1, got ${written === undefined ? 'none' : `"${written}"`}`, {
    kind: 'usage',
    hint: `trainyard retire ${SPEC.words}`
  })
}

function asJson({manifest: {version, digest, at, files}, why}: RetentionPlan['versions'][number]) {
  return {version, digest, at, bytes: sizeOf(files), keptFor: why}
}

function sizeOf(files: readonly {readonly size: number}[]): number {
  return files.reduce((sum, {size}) => sum + size, 0)
}

function render({versions, unfinished}: RetentionPlan): string[] {
  const rows = versions.map(({manifest, why}) => [
    manifest.version,
    showTime(manifest.at),
    formatNumber(sizeOf([...manifest.files, ...(manifest.kept ?? [])])),
    why === null ? 'goes' : `stays: ${why}`
  ])
  const left = unfinished.map(({manifest}) => `${manifest.version}: an earlier run did not come to its end; what is left of its model goes`)
  return [...columns(['version', 'published', 'bytes', ''], rows), ...left]
}
