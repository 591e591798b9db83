import {createHash} from 'node:crypto'
import {join} from 'node:path'
import {action, type World} from '#shared/action'
import {parseContract} from '#shared/contracts/contract'
import type {Contract} from '#shared/contracts/rule'
import type {Findings, Material} from '#shared/evidence/evidence'
import {textMaterial} from '#shared/evidence/material'
import {type ChampionData, findChampionData} from '#shared/exam/champion-data'
import {readText, writeAtomic} from '#shared/files'
import {type InputsOf, shownPath} from '#shared/inputs'
import {copyOf, isAddress, shownAddress} from '#shared/tables/remote'
import {dataDigest, openTable, type TableRequest} from '#shared/tables/table'
import {registryWorldOf} from '#shared/world'
import {changeOf} from './changed.js'
import {judgeData} from './findings.js'
import {inputs} from './inputs.js'
import type {Reference} from './metrics.js'
import {kindsOf} from './predicates.js'
import {type Profile, parseProfile} from './profile.js'

type Given = InputsOf<typeof inputs>

export default action('validate-data', inputs, async (given, world): Promise<Findings> => {
  const contract = given.contract === undefined ? undefined : await readContract(given.contract, world)
  const open = (paths: readonly string[], kinds?: TableRequest['kinds']) =>
    openTable({paths, cwd: world.cwd, limits: {tempDir: world.tempDir}, kinds, remote: world})
  const table = await open(given.data, contract && kindsOf(contract.rules))
  const champion = await findChampionData(given, registryWorldOf(world))
  const reference = await referenceOf(given.reference, world, open, champion)
  try {
    const {profile, materials, ...judged} = await judgeData({
      table,
      contract: contract?.contract,
      gates: given.gates ?? [],
      reference: reference?.reference,
      showRows: given.showRows
    })
    const files = await table.digests()
    const kept = await keepProfile(profile, world)
    const {changed, why} = changeOf(files, champion)
    if (given.registry !== undefined) world.log(`changed: ${changed}, ${why}`)
    return {
      ...judged,
      subjects: files.map(({name, sha256, size}) => ({kind: 'data', name, digest: {sha256}, size})),
      materials: [...(contract ? [contract.material] : []), ...materials, ...((await reference?.materials()) ?? [])],
      policy: {mode: given.mode, onInconclusive: given.onInconclusive},
      files: {profile: kept.name},
      outputs: {rows: String(profile.rows), digest: dataDigest(files), profile: kept.path, changed: String(changed)}
    }
  } finally {
    table.close()
    reference?.close()
  }
})

const MAX_TEXT_BYTES = 16 << 20

async function readContract(path: string, {cwd}: World): Promise<{contract: Contract; rules: Contract['rules']; material: Material}> {
  const name = shownPath(path, cwd)
  const text = await readText(path, MAX_TEXT_BYTES)
  const contract = parseContract(text, name)
  return {contract, rules: contract.rules, material: textMaterial('contract', name, text)}
}

type Open = (paths: readonly string[]) => ReturnType<typeof openTable>

async function referenceOf(given: Given['reference'], world: World, open: Open, champion: ChampionData) {
  if (given === undefined) return undefined
  return given.kind === 'path' ? await readReference(given.path, world, open) : await championReference(champion)
}

/** The profile that is kept with the champion; how gates read where there is none. */
async function championReference(champion: ChampionData) {
  const stored = champion.state.kind === 'ready' ? await champion.profile() : null
  const state = champion.state.kind === 'ready' ? withoutProfile(champion.title) : champion.state
  if (stored === null) return {reference: {kind: 'none', state} as const, materials: async () => [], close: () => {}}
  const name = `profile of ${champion.title}`
  const text = stored.toString('utf8')
  const reference: Reference = {kind: 'profile', profile: parseProfile(text, name)}
  return {reference, materials: async () => [textMaterial('data', name, text)], close: () => {}}
}

function withoutProfile(title: string) {
  const message = `${title} was published without a profile of its data; publish keeps one from now on where it has the artifact of validate-data`
  return {kind: 'inconclusive', message} as const
}

/** A profile where the path ends `.json`, else a table. */
async function readReference(path: string, world: World, open: Open) {
  const name = shownPath(shownAddress(path), world.cwd)
  if (/\.json$/i.test(name)) {
    const text = await readProfile(path, world)
    const reference: Reference = {kind: 'profile', profile: parseProfile(text, name)}
    return {reference, materials: async () => [textMaterial('data', name, text)], close: () => {}}
  }
  const table = await open([path])
  const reference: Reference = {kind: 'table', table}
  const materials = async () =>
    (await table.digests()).map(({name, sha256, size}): Material => ({kind: 'data', name, digest: {sha256}, size}))
  return {reference, materials, close: () => table.close()}
}

async function readProfile(path: string, world: World): Promise<string> {
  if (!isAddress(path)) return await readText(path, MAX_TEXT_BYTES)
  const copy = await copyOf(path, world.tempDir, world)
  try {
    return await readText(copy.path, MAX_TEXT_BYTES)
  } finally {
    copy.remove()
  }
}

async function keepProfile(profile: Profile, {outDir}: World): Promise<{path: string; name: string}> {
  const text = `${JSON.stringify(profile, null, 1)}\n`
  const name = `profile.${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`
  const path = join(outDir, name)
  await writeAtomic(path, text)
  return {path, name}
}
