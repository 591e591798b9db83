import {basename} from 'node:path'
import {action, type World} from '#shared/action'
import {parseContract} from '#shared/contracts/contract'
import {ranges} from '#shared/contracts/ranges'
import {UserError} from '#shared/errors'
import type {Findings, Material} from '#shared/evidence/evidence'
import {findBase} from '#shared/exam/base'
import {requireFileOfRun} from '#shared/exam/candidate'
import {type Champion, findChampion} from '#shared/exam/champion'
import {readText, sha256File, treeDigest} from '#shared/files'
import {baseCommits} from '#shared/github/base-commits'
import {shownPath} from '#shared/inputs'
import type {InputsOf} from '#shared/inputs/reader'
import {answerRows} from '#shared/models/answers'
import {rowsOf} from '#shared/models/columns'
import {type Model, openModel, tryModel} from '#shared/models/model'
import {random} from '#shared/stats/random'
import {namedFacts} from '#shared/tables/demand'
import {openTable, type Table} from '#shared/tables/table'
import {registryWorldOf} from '#shared/world'
import {judgeRobustness, judgeUnloadable} from './findings.js'
import {inputs} from './inputs.js'
import {measureLatency} from './latency.js'
import {measurementsOf, type Probe, type Setting} from './measurements.js'
import {parseMonotone} from './monotone.js'
import {drawRows, realColumns, takeRows} from './rows.js'
import type {Latencies, Robustness, Side} from './table.js'

type Given = InputsOf<typeof inputs>

const ROWS = 20_000
const LATENCY_BUDGET_MS = 15_000

export default action('check-robustness', inputs, async (given, world): Promise<Findings> => {
  const path = given.model ?? (await requireFileOfRun(world.evidenceRoot, world.origin, 'train', 'model'))
  const {sha256, size} = await treeDigest(path)
  const champion = await findChampion(given, registryWorldOf(world))
  const base = await findBase(given, registryWorldOf(world), baseCommits(world, given.githubToken))
  const table = await openTable({paths: given.data, cwd: world.cwd, limits: {tempDir: world.tempDir}, remote: world, byColumns: true})
  const models: Model[] = []
  try {
    const candidate = await tryModel(path)
    const judged =
      'unloadable' in candidate
        ? await judgeUnloadable(given.gates, shown(candidate.unloadable, path), table.names)
        : await judgeLoaded(candidate, {given, world, champion, base, table, models})
    return {
      ...judged,
      subjects: [{kind: 'model', name: basename(path), digest: {sha256}, size}],
      facts: [...judged.facts, ...namedFacts(await table.digests())],
      materials: await materialsOf(given, world, {champion, base}, table),
      policy: {mode: given.mode, onInconclusive: given.onInconclusive},
      seed: world.seed
    }
  } finally {
    table.close()
    await Promise.all(models.map(model => model.close()))
  }
})

function shown(reason: string, path: string): string {
  return reason.replaceAll(path, basename(path))
}

interface Work {
  readonly given: Given
  readonly world: World
  readonly champion: Champion
  readonly base: Champion | undefined
  readonly table: Table
  /** every model that was opened, to be closed */
  readonly models: Model[]
}

async function judgeLoaded(candidate: Model, work: Work) {
  const {given, world, champion, base, table, models} = work
  models.push(candidate)
  const seeded = (purpose: string) => random(world.seed + [...purpose].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7))
  const other = await openChampion(champion, models)
  const basic = base?.sitter && (await openChampion(base, models))
  const probe = await probeOf(candidate, table, given, seeded)
  const setting: Setting = {
    threshold: given.threshold,
    ranges: await readRanges(given, world),
    directions: parseMonotone(given.monotone ?? [], realColumns(probe.rows)),
    random: seeded
  }
  const sideOf = (one: Probe): Side => ({probe: one, measured: measurementsOf(one, setting)})
  const rivals = {
    champion: other && sideOf(await probeOf(other, table, given, seeded)),
    base: basic && sideOf(await probeOf(basic, table, given, seeded))
  }
  let times: Promise<Latencies> | undefined
  const latencies = () => {
    times ??= latenciesOf(probe, rivals)
    return times
  }
  const robustness = {candidate: sideOf(probe), ...rivals, setting, latencies}
  return judgeRobustness(given.gates, robustness, {champion: champion.state, ...(base && {base: base.state})})
}

/** Timed in turns, so that what slows the machine slows all of them. */
async function latenciesOf(probe: Probe, {champion, base}: Pick<Robustness, 'champion' | 'base'>): Promise<Latencies> {
  const calls = [probe, champion?.probe, base?.probe].flatMap(one => one?.call ?? [])
  const [candidate, ...others] = await measureLatency(calls, probe.rows.n, () => performance.now(), LATENCY_BUDGET_MS)
  return {candidate, ...(champion && {champion: others[0]}), ...(base && {base: others.at(-1)})}
}

/** A champion that is a file of predictions can't be asked anything new. */
async function openChampion({sitter}: Champion, models: Model[]): Promise<Model | undefined> {
  if (sitter === undefined) return undefined
  if (sitter.kind === 'predictions')
    throw new UserError(
      `champion: ${basename(sitter.path)} holds predictions, and robustness asks a model about rows that nobody has seen`,
      {
        kind: 'usage',
        hint: 'Give the champion as a model, as an alias or version in the registry, or none.'
      }
    )
  const model = await openModel(sitter.path)
  models.push(model)
  return model
}

/** A model and the rows that it is tried on: all, or 20,000 drawn by the seed. */
async function probeOf(model: Model, table: Table, {label, key, sensitive}: Given, seeded: Setting['random']): Promise<Probe> {
  const without = [label, key, ...(sensitive ?? [])].filter(name => name !== undefined)
  const reads = model.reads({names: table.names, numeric: () => undefined, text: () => []}, without)
  const fetched = await table.fetch([...new Set(reads.map(({column}) => column))])
  if (fetched.rows === 0)
    throw new UserError(`${table.files[0]?.name ?? 'data'}: has no rows`, {hint: 'Give a file with rows below its header.'})
  const columns = {...fetched, names: table.names}
  const order = drawRows(fetched.rows, Math.min(fetched.rows, ROWS), fetched.rows > ROWS ? seeded('rows') : () => 0).sort()
  const rows = takeRows({columns, reads}, order)
  return {
    rows,
    bytes: model.digest.size,
    answer: (asked, n) => answerRows(model, asked, n, without),
    call: async row => (await model.score(rowsOf(rows.columns, row, row + 1), 1, without)).runMs
  }
}

async function readRanges({contract}: Given, {cwd}: World) {
  return contract === undefined ? [] : ranges(parseContract(await readText(contract, 4 << 20), shownPath(contract, cwd)))
}

async function materialsOf(
  {contract}: Given,
  {cwd}: World,
  {champion, base}: Pick<Work, 'champion' | 'base'>,
  table: Table
): Promise<Material[]> {
  const materials: Material[] = (await table.digests()).map(({name, sha256, size}) => ({kind: 'data', name, digest: {sha256}, size}))
  if (contract !== undefined) {
    const {sha256, size} = await sha256File(contract)
    materials.push({kind: 'contract', name: shownPath(contract, cwd), digest: {sha256}, size})
  }
  return [...materials, ...(await rivalMaterial('champion', champion)), ...(await rivalMaterial('model', base))]
}

async function rivalMaterial(kind: 'champion' | 'model', rival: Champion | undefined): Promise<Material[]> {
  if (rival?.sitter === undefined) return []
  const {sha256, size} = await treeDigest(rival.sitter.path)
  return [{kind, name: rival.title, digest: {sha256}, size}]
}
