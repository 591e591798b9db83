import {createHash} from 'node:crypto'
import {dirname, join, resolve} from 'node:path'
import {action, type World} from '#shared/action'
import {messageOf, UserError} from '#shared/errors'
import {untrusted} from '#shared/event'
import {readEvidence} from '#shared/evidence/files'
import {digestOfTree, readBounded, sha256File, treeDigest} from '#shared/files'
import {type InputsOf, shownPath} from '#shared/inputs'
import {openRegistry} from '#shared/registry/address'
import type {FileToKeep} from '#shared/registry/kept'
import {checkWords} from '#shared/registry/names'
import {registryWorldOf} from '#shared/world'
import type {EvidenceRecord} from './case.js'
import {publishedFindings, refusedFindings} from './findings.js'
import {inputs} from './inputs.js'
import {type DataFile, dataToKeep, trainingOf} from './keep.js'
import {dataIn, profiledBy} from './profile.js'
import {judgeEvidence} from './rules.js'
import {strayFile} from './stray.js'
import {lineageOf, trainedModel} from './training.js'

const LARGEST_EVIDENCE = 32 << 20
const LARGEST_PROFILE = 16 << 20

export default action('publish', inputs, async (given, world) => {
  refuseStrangers(world)
  checkWords(given)
  const registry = await openRegistry(given.registry, registryWorldOf(world))
  const root = world.evidenceRoot
  const {counted: records, refused} = await readEvidence(root, world.origin)
  const model = await openModel(given, records)
  const config = await readConfigDigest(world)
  const one = {...given, ...world, records, refused, root, config, digest: model.sha256}
  const judged = judgeEvidence(one)
  const subject = {kind: 'model', name: given.name, digest: {sha256: model.sha256}, size: model.size} as const
  if (judged.checks.some(({verdict}) => verdict !== 'pass')) return refusedFindings(subject, judged)
  const documents = await Promise.all(judged.relied.map(readDocument))
  const parent = await registry.resolve(given.name, 'champion', {older: 'accept'})
  const {fingerprint, record} = trainingOf(one)
  const data = given.keepData ? await readData(dataToKeep(one, judged.relied), world) : []
  const published = await registry.publish({
    ...given,
    model: model.path,
    digest: model.sha256,
    evidence: documents,
    profile: await readProfile(profiledBy(one), world),
    commit: /^(?!0+$)[0-9a-f]{40,64}$/.test(world.run.sha) ? world.run.sha : undefined,
    attempt: world.run.url === '' ? undefined : world.run.attempt,
    kept: [...data, ...(await readTraining(record, world))],
    lineage: {
      materials: lineageOf({records, digest: model.sha256}),
      ...(fingerprint !== undefined && {fingerprint}),
      parent: parent && {version: parent.version, digest: parent.digest}
    },
    reason: `published by job ${world.run.job}`
  })
  return publishedFindings(subject, judged, documents, published)
})

function refuseStrangers({event}: World): void {
  const why = untrusted(event)
  if (why)
    throw new UserError(`publish: ${why}, and what it made may not be published`, {
      hint: "Run publish with `if: github.ref == 'refs/heads/main'`."
    })
}

/** The model at hand, hashed; the one that train made must still be what it was. */
async function openModel(given: Pick<InputsOf<typeof inputs>, 'model'>, records: readonly EvidenceRecord[]) {
  if (given.model !== undefined) return {...(await treeDigest(given.model)), path: given.model}
  const trained = trainedModel(records)
  const path = join(dirname(trained.record.file), trained.path)
  const tree = await treeDigest(path)
  if (tree.sha256 === trained.digest) return {...tree, path}
  const stray = strayFile(tree.files, trained.digest, digestOfTree)
  throw new UserError(`${path}: is not what train made: its evidence says sha256 ${trained.digest}, the bytes at hand are ${tree.sha256}`, {
    hint: stray
      ? `Without ${stray.path}, which was added, it would be: remove that file.`
      : 'Something changed it after training: find out what, and train again.'
  })
}

/** The profile that validate-data wrote beside its evidence; without it `reference: champion` finds nothing later, which is said now. */
async function readProfile(record: EvidenceRecord | undefined, {warning}: World) {
  const path = record?.evidence.files.profile
  if (record === undefined || path === undefined) return undefined
  const file = join(dirname(record.file), path)
  const bytes = await readBounded(file, LARGEST_PROFILE).catch(error => {
    warning(`The profile of the data is not kept with the model: ${messageOf(error)}`)
    return undefined
  })
  if (bytes === undefined) return undefined
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (path === `profile.${sha256.slice(0, 12)}.json`) return {bytes, data: dataIn(record)}
  throw new UserError(`${file}: is not the profile that validate-data wrote (sha256 ${sha256})`, {
    hint: 'Hand on the files as the actions wrote them.'
  })
}

/** The data files as they lie here, which must be the ones that the evidence names. */
async function readData(files: readonly DataFile[], {cwd}: World): Promise<FileToKeep[]> {
  if (files.length === 0)
    throw new UserError('keep-data: neither train nor validate-data names a data file of this model', {
      hint: 'Give train its input data, or leave keep-data out.'
    })
  const found: FileToKeep[] = []
  for (const {name, sha256} of files) {
    const file = resolve(cwd, name)
    const digest = await sha256File(file).catch(error => {
      throw new UserError(`keep-data: ${messageOf(error)}`, {
        hint: 'Bring the data into this job too, at the path that train had.',
        cause: error
      })
    })
    if (digest.sha256 !== sha256)
      throw new UserError(`keep-data: ${name} was sha256 ${sha256} when the model was trained, and is ${digest.sha256} here`, {
        hint: 'Nothing was published. Bring the data as they were.'
      })
    found.push({kind: 'data', path: name, file, ...digest})
  }
  return found
}

/** The record of the training; without it a later run can't reuse the result, and nothing else is lost. */
async function readTraining(record: ReturnType<typeof trainingOf>['record'], {warning}: World): Promise<FileToKeep[]> {
  if (record === undefined) return []
  const file = join(dirname(record.by.file), record.path)
  const digest = await sha256File(file).catch(messageOf)
  if (typeof digest !== 'string' && record.path === `training.${digest.sha256.slice(0, 12)}.json`)
    return [{kind: 'training', path: 'training.json', file, ...digest}]
  warning(
    `The record of the training is not kept with the model: ${typeof digest === 'string' ? digest : `${file} is not what train wrote`}`
  )
  return []
}

async function readConfigDigest({configFile, cwd}: World): Promise<{name: string; sha256: string} | undefined> {
  return configFile === undefined ? undefined : {name: shownPath(configFile, cwd), ...(await treeDigest(configFile))}
}

/** The document as it lies there, which must still be the one that was judged. */
async function readDocument({file, evidence}: EvidenceRecord): Promise<{action: string; bytes: Buffer; sha256: string}> {
  const bytes = await readBounded(file, LARGEST_EVIDENCE)
  if (JSON.stringify(JSON.parse(bytes.toString('utf8'))) !== JSON.stringify(evidence))
    throw new UserError(`${file}: changed while it was read`, {hint: 'Run publish alone on its evidence.'})
  return {action: evidence.action.name, bytes, sha256: createHash('sha256').update(bytes).digest('hex')}
}
