import {UserError} from '#shared/errors'
import type {Check, Evidence, Fact} from '#shared/evidence/evidence'
import {parseEvidence} from '#shared/evidence/schema'
import {byWhom} from '#shared/registry/by'
import type {Manifest} from '#shared/registry/manifest'
import type {Registry} from '#shared/registry/registry'
import {visible} from '#shared/report/inert'
import {BOUNDS, boundOf, count, intervalOf, quantity, signed} from '#shared/report/numbers'
import {factValue} from '#shared/report/rows'
import {SIGNS} from '#shared/report/verdicts'
import {columns} from './columns.js'
import {showTime} from './moment.js'
import {type Asker, COMMON_USAGE, parseQuestion, parseVersionWord, type QuestionSpec, resolveVersion} from './question.js'

const SPEC: QuestionSpec = {
  words: '[<name>@]<version> [<name>@]<version>',
  options: {all: {type: 'boolean'}},
  usage: `trainyard compare [<name>@]<version> [<name>@]<version> [options]

Two versions side by side, from the evidence that was kept with each: gates with what was measured and its one-sided 95% bounds, other measurements,
and what they were made from. Versions may be aliases. Each was judged in its own run: where their exams differ, the first lines say so.

  --all                 what is the same on both sides too
${COMMON_USAGE}

Exit codes: 0 told, 2 usage, 3 a version or its evidence can't be read`
}

interface Side {
  readonly label: string
  readonly manifest: Manifest
  readonly evidence: readonly Evidence[]
}

/** `trainyard compare`: from manifests and kept evidence alone; nothing is measured anew. */
export async function compareCommand(args: readonly string[], asker: Asker): Promise<number> {
  const question = parseQuestion('compare', args, SPEC, asker)
  if (question === null) return 0
  if (question.words.length !== 2)
    throw new UserError(`compare: expected two versions, got ${question.words.length === 0 ? 'none' : question.words.join(' ')}`, {
      kind: 'usage',
      hint: `trainyard compare ${SPEC.words}`
    })
  const wanted = question.words.map(parseVersionWord)
  const sides: Side[] = []
  for (const {name: word, version} of wanted) {
    const {registry, name} = await question.open(word ?? wanted[0].name)
    sides.push(await readSide(registry, name, await resolveVersion(registry, name, version)))
  }
  const [first, second] = sides
  if (question.flag('json')) asker.print(JSON.stringify(asJson(first, second), undefined, 2))
  else for (const line of render(first, second, question.flag('all'))) asker.print(line)
  return 0
}

async function readSide(registry: Registry, name: string, version: string): Promise<Side> {
  const manifest = (await registry.tombstone(name, version))?.manifest ?? (await registry.manifest(name, version))
  const documents = await registry.evidence(name, version)
  const evidence = documents.map(({action, bytes}) =>
    parseEvidence(JSON.parse(bytes.toString('utf8')), `${name} ${version}: evidence of ${action}`)
  )
  return {label: `${name}@${version}`, manifest, evidence}
}

function render(first: Side, second: Side, all: boolean): string[] {
  const labels = [first.label, second.label]
  const about = [first, second].map(
    ({label, manifest: {digest, at, by}}) => `${label}  sha256 ${digest}  ${showTime(at)} UTC ${byWhom(visible(by, 60))}`
  )
  const gates = gateRows(first, second)
  const facts = factRows(first, second)
  const told = (rows: readonly Row[]) => rows.flatMap(({cells, same}) => (all || !same ? [cells] : []))
  const [sameGates, sameFacts] = [gates, facts].map(rows => (all ? 0 : rows.filter(({same}) => same).length))
  const left = [
    ...(sameGates === 0 ? [] : [count(sameGates, 'gate with the same result', 'gates with the same result')]),
    ...(sameFacts === 0 ? [] : [count(sameFacts, 'other measurement of no difference', 'other measurements of no difference')])
  ]
  return [
    ...about,
    ...differentExams(first, second),
    ...(first.manifest.digest === second.manifest.digest ? ['The two are the same model, byte for byte.'] : []),
    ...section('Gates', ['gate', 'bound', ...labels.flatMap(label => [label, BOUNDS]), 'difference'], told(gates)),
    ...section('Other measurements', ['measurement', ...labels, 'difference'], told(facts)),
    ...section('Made from', ['material', ...labels, ''], materialRows(first, second)),
    ...(left.length === 0 ? [] : ['', `Left out: ${left.join(', ')}; --all shows them.`])
  ]
}

/** Numbers of two exams can't be held against each other as those of one can. */
function differentExams(first: Side, second: Side): string[] {
  const [a, b] = [first, second].map(materialsOf)
  const different = [...a.keys()].filter(key => /^data .*\(evaluate\)$/.test(key) && b.has(key) && a.get(key) !== b.get(key))
  return different.length === 0 ? [] : ['The two sat different exams: a difference below may be one of the rows, not of the models.']
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...columns(head, rows)]
}

/** Checks of all actions by action and id, in the order of the first side; one that only one side has is shown too. */
function gatePairs(first: Side, second: Side): {action: string; id: string; pair: readonly [Check | undefined, Check | undefined]}[] {
  const [a, b] = [first, second].map(checksOf)
  return [...new Set([...a.keys(), ...b.keys()])].map(key => {
    const [action, id] = key.split('\0')
    return {action, id, pair: [a.get(key), b.get(key)]}
  })
}

function checksOf({evidence}: Side): Map<string, Check> {
  return new Map(evidence.flatMap(({action, checks}) => checks.map(check => [`${action.name}\0${check.id}`, check] as const)))
}

interface Row {
  readonly cells: readonly string[]
  readonly same: boolean
}

function gateRows(first: Side, second: Side): Row[] {
  return gatePairs(first, second).map(({action, id, pair: [a, b]}) => ({
    same: a !== undefined && b !== undefined && a.verdict === 'pass' && b.verdict === 'pass' && a.measured === b.measured,
    cells: [
      `${action}: ${visible(id, 80)}`,
      boundText(a, b),
      ...[a, b].flatMap(check => [measuredText(check), check === undefined ? '' : intervalOf(check)]),
      a?.measured === undefined || b?.measured === undefined ? '' : signed(b.measured - a.measured)
    ]
  }))
}

function boundText(a: Check | undefined, b: Check | undefined): string {
  const [one, other] = [a, b].map(check => (check === undefined ? '' : boundOf(check)))
  return one === other || other === '' ? one : one === '' ? other : `${one}, then ${other}`
}

function measuredText(check: Check | undefined): string {
  if (check === undefined) return 'not judged'
  const value = check.measured === undefined ? '' : `${quantity(check.measured, check.unit)} `
  return `${SIGNS[check.verdict].mark} ${value}${check.verdict}`
}

/** Named values that either side has, beside each other. What only one side has, and digests, tell nothing of a difference. */
function factRows(first: Side, second: Side): Row[] {
  const [a, b] = [first, second].map(factsOf)
  return [...new Set([...a.keys(), ...b.keys()])].map(key => {
    const pair = [a.get(key), b.get(key)]
    const values = pair.map(fact => (fact === undefined ? '' : visible(factValue(fact), 60)))
    const difference = factDifference(pair)
    const plain = pair.includes(undefined) || /^[0-9a-f]{64}$/.test(String(pair[0]?.value))
    return {same: difference === 'same' || plain, cells: [key.replace('\0', ': '), ...values, difference]}
  })
}

function factsOf({evidence}: Side): Map<string, Fact> {
  return new Map(evidence.flatMap(({action, facts}) => facts.map(fact => [`${action.name}\0${fact.name}`, fact] as const)))
}

function factDifference([a, b]: readonly (Fact | undefined)[]): string {
  if (typeof a?.value === 'number' && typeof b?.value === 'number') return a.value === b.value ? 'same' : signed(b.value - a.value)
  return a !== undefined && b !== undefined && a.value === b.value ? 'same' : 'differs'
}

/** What went into training and judging, by kind and name, each with the first 12 digits of its digest. */
function materialRows(first: Side, second: Side): string[][] {
  const [a, b] = [first, second].map(materialsOf)
  return [...new Set([...a.keys(), ...b.keys()])].map(key => {
    const [one, other] = [a.get(key), b.get(key)]
    return [visible(key, 80), ...[one, other].map(digest => digest?.slice(0, 12) ?? 'none'), one === other ? 'same' : 'differs']
  })
}

const MADE_FROM = ['data', 'code', 'parameters', 'environment', 'contract']

function materialsOf({evidence, manifest}: Side): Map<string, string> {
  const judged = evidence.flatMap(({action, materials}) =>
    materials.map(({kind, name, digest}) => ({kind, name, sha256: digest.sha256, by: action.name}))
  )
  const trained = manifest.lineage.materials.map(material => ({...material, by: 'train'}))
  const all = [...trained, ...judged].filter(({kind}) => MADE_FROM.includes(kind))
  const named = all.map(({kind, name, sha256, by}) => [nameOf(kind, name, by), sha256] as const)
  return new Map(named)
}

// Names of code and environment say how much it was, not what: by them the two sides would never meet.
function nameOf(kind: string, name: string, by: string): string {
  return kind === 'code' || kind === 'environment' ? kind : `${kind} ${name}${by === 'train' ? '' : ` (${by})`}`
}

function asJson(first: Side, second: Side) {
  const side = ({label, manifest: {digest, at, by, runUrl, lineage}}: Side) => ({label, digest, at, by, runUrl, lineage})
  return {
    versions: [side(first), side(second)],
    gates: gatePairs(first, second).map(({action, id, pair}) => ({action, id, checks: pair.map(check => check ?? null)})),
    facts: factRows(first, second).map(({cells: [name, a, b, difference]}) => ({name, values: [a, b], difference})),
    materials: materialRows(first, second).map(([name, a, b, difference]) => ({name, digests: [a, b], difference}))
  }
}
