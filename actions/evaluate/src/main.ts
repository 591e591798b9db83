import {action, type World} from '#shared/action'
import {UserError} from '#shared/errors'
import type {Findings, Subject} from '#shared/evidence/evidence'
import {findBase} from '#shared/exam/base'
import {requireFileOfRun} from '#shared/exam/candidate'
import {findChampion, stateOf} from '#shared/exam/champion'
import {type Exam, openExam, type Sitter, subjectOf} from '#shared/exam/exam'
import {readText, treeDigest} from '#shared/files'
import {baseCommits} from '#shared/github/base-commits'
import {shownPath} from '#shared/inputs'
import type {InputsOf} from '#shared/inputs/reader'
import {parseMetrics} from '#shared/metrics/metrics-file'
import {registryWorldOf} from '#shared/world'
import {judgeQuality} from './findings.js'
import {inputs} from './inputs.js'

type Given = InputsOf<typeof inputs>

export default action('evaluate', inputs, async (given, world): Promise<Findings> => {
  const champion = await findChampion(given, registryWorldOf(world))
  const base = await findBase(given, registryWorldOf(world), baseCommits(world, given.githubToken))
  const candidate = await candidateOf(given, world)
  const columns = given.gates.flatMap(gate => gate.slice.map(({column}) => column))
  const sitters = {candidate, champion: champion.sitter, base: base?.sitter}
  const exam = await openExam({...given, ...sitters, columns, cwd: world.cwd, tempDir: world.tempDir, outDir: world.outDir, remote: world})
  if (exam.championFault !== undefined) world.warning(`champion: ${exam.championFault}; nothing is compared with it`)
  try {
    const metrics = await readMetrics(given, world)
    const {written} = await keepPredictions(exam, world)
    const judged = await judgeQuality({
      ...given,
      exam,
      champion: {...champion, state: stateOf('champion', champion, exam.championFault)},
      base: base && {...base, state: stateOf('base', base, exam.baseFault)},
      given: metrics,
      seed: world.seed
    }).finally(() => written.catch(() => undefined))
    const kept = await written
    const subject = await subjectFor(given, exam)
    const materials = [...(judged.materials ?? []), ...predictionsOf(given, exam)]
    return {
      ...judged,
      materials,
      subjects: [subject],
      policy: {mode: given.mode, onInconclusive: given.onInconclusive},
      facts: [...(judged.facts ?? []), ...exam.named, {name: 'predictions', value: kept.sha256}],
      files: {predictions: kept.name},
      outputs: {predictions: kept.path, digest: subject.digest.sha256},
      seed: world.seed
    }
  } finally {
    exam.close()
  }
})

async function candidateOf({model, predictions}: Given, {evidenceRoot, origin}: World): Promise<Sitter> {
  if (predictions !== undefined) return {kind: 'predictions', path: predictions}
  return {kind: 'model', path: model ?? (await requireFileOfRun(evidenceRoot, origin, 'train', 'model'))}
}

async function readMetrics({metrics}: Given, {cwd}: World) {
  if (metrics === undefined) return undefined
  const file = shownPath(metrics, cwd)
  return {file, metrics: parseMetrics(await readText(metrics, 1 << 20), file)}
}

/** Begins to write the predictions, which takes as long as judging them, and goes on beside it. */
async function keepPredictions(exam: Exam, {outDir}: World): Promise<{written: Promise<{path: string; name: string; sha256: string}>}> {
  return new Promise((resolve, reject) => {
    const written = exam
      .writePredictions(() => resolve({written}))
      .then(({path, sha256}) => ({path, sha256, name: path.slice(outDir.length + 1)}))
    written.catch(reject)
  })
}

/** With a model and predictions, the model is what is judged and the predictions are what was looked at. */
async function subjectFor({model, predictions}: Given, {candidate}: Exam): Promise<Subject> {
  if (model === undefined || predictions === undefined) return subjectOf(candidate)
  const {sha256, size} = await treeDigest(model)
  const name = model.split('/').at(-1)
  if (name === undefined) throw new UserError('model: empty')
  return {kind: 'model', name, digest: {sha256}, size}
}

function predictionsOf({model, predictions}: Given, {candidate}: Exam) {
  if (model === undefined || predictions === undefined) return []
  return [{kind: 'predictions' as const, name: candidate.name, digest: candidate.digest, size: candidate.size}]
}
