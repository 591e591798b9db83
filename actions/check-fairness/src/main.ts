import {action, type World} from '#shared/action'
import {UserError} from '#shared/errors'
import type {Findings, Subject} from '#shared/evidence/evidence'
import {findBase} from '#shared/exam/base'
import {fileOfRun} from '#shared/exam/candidate'
import {findChampion, stateOf} from '#shared/exam/champion'
import {type ExamRequest, openExam, subjectOf} from '#shared/exam/exam'
import {sha256File} from '#shared/files'
import {baseCommits} from '#shared/github/base-commits'
import type {InputsOf} from '#shared/inputs/reader'
import {registryWorldOf} from '#shared/world'
import {judgeFairness} from './findings.js'
import {inputs} from './inputs.js'

type Given = InputsOf<typeof inputs>

export default action('check-fairness', inputs, async (given, world): Promise<Findings> => {
  const champion = await findChampion(given, registryWorldOf(world))
  const base = await findBase(given, registryWorldOf(world), baseCommits(world, given.githubToken))
  const {subject, ...sat} = await candidateOf(given, world)
  const slices = given.gates.flatMap(gate => [...gate.items, ...gate.slice.map(({column}) => column)])
  const exam = await openExam({
    ...given,
    ...sat,
    champion: champion.sitter,
    base: base?.sitter,
    columns: [...given.sensitive, ...slices],
    cwd: world.cwd,
    tempDir: world.tempDir,
    remote: world
  })
  if (exam.championFault !== undefined) world.warning(`champion: ${exam.championFault}; nothing is compared with it`)
  try {
    const judged = await judgeFairness({
      ...given,
      exam,
      champion: {...champion, state: stateOf('champion', champion, exam.championFault)},
      base: base && {...base, state: stateOf('base', base, exam.baseFault)},
      seed: world.seed
    })
    const policy = {mode: given.mode, onInconclusive: given.onInconclusive}
    return {
      ...judged,
      facts: [...(judged.facts ?? []), ...exam.named],
      subjects: [subject ?? subjectOf(exam.candidate)],
      policy,
      seed: world.seed
    }
  } finally {
    exam.close()
  }
})

/** A model or predictions given here, with `data`; else what evaluate predicted in this run, whose file holds the exam and is about its subject. */
async function candidateOf(
  {model, predictions, data}: Given,
  world: World
): Promise<Pick<ExamRequest, 'candidate' | 'data'> & {subject?: Subject}> {
  if (predictions !== undefined) return {candidate: {kind: 'predictions', path: predictions}, data}
  if (model !== undefined) return {candidate: {kind: 'model', path: model}, data}
  const found = await fileOfRun(world.evidenceRoot, world.origin, 'evaluate', 'predictions')
  if (found === null) {
    throw new UserError(`predictions: not given, and this run has no evidence of evaluate below ${world.evidenceRoot}`, {
      kind: 'usage',
      hint: 'Run evaluate before, or give `predictions`, or `model` and `data`.'
    })
  }
  const {sha256} = await sha256File(found.path)
  if (found.evidence.evidence.facts.find(({name}) => name === 'predictions')?.value !== sha256) {
    throw new UserError(`${found.path}: its bytes are not those that evaluate wrote (sha256 ${sha256})`, {
      hint: 'Hand on the files as the actions wrote them.'
    })
  }
  return {candidate: {kind: 'predictions', path: found.path}, data: undefined, subject: found.evidence.evidence.subjects[0]}
}
