import {join} from 'node:path'
import {action, type World} from '#shared/action'
import {UserError} from '#shared/errors'
import {type FinishedHead, finishedHead, pullNamed, pullRequestNumber, untrusted} from '#shared/event'
import {type EvidenceFile, readEvidence, STRANGERS} from '#shared/evidence/files'
import {sha256File, writeAtomic} from '#shared/files'
import {type InputsOf, ROLLOUT} from '#shared/inputs'
import {overview, type ReportSource} from '#shared/report/overview'
import {renderPage} from '#shared/report/page/page'
import {renderComment, renderReport} from '#shared/report/report'
import {planComment} from './comment.js'
import {findingsOf} from './findings.js'
import {inputs} from './inputs.js'

type Given = InputsOf<typeof inputs>

export default action('report', inputs, async (given, world) => {
  const root = world.evidenceRoot
  const unverified = unverifiedBy(world.event)
  const {counted, refused} = await readEvidence(root, world.origin, unverified === undefined ? undefined : STRANGERS)
  for (const {file, reason} of refused) world.warning(`${file} does not count: it ${reason}`)
  const source = {...sourceOf(given, counted, world), plan: planOf(world), unverified, loosened: await world.loosened()}
  const files = await writeReport(source, world.outDir)
  world.summary(renderReport(source))
  await comment(source, given, world)
  return findingsOf(source, {root, files, materials: await materialsOf(counted)})
})

/** What strangers' code has made is shown as such. */
function unverifiedBy(event: World['event']): string | undefined {
  const why = event.name === 'workflow_run' ? untrusted(event) : undefined
  return why && `produced by ${/Dependabot/.test(why) ? 'code that Dependabot changed' : 'fork code'}`
}

function sourceOf({title, name, require}: Given, counted: readonly EvidenceFile[], {run, now}: World): ReportSource {
  const evidence = counted.map(({evidence: one}) => one)
  return {title: title ?? name ?? run.repository, require, evidence, run: {...run, finishedAt: now().toISOString()}}
}

/** What the next job's rollout will do, as far as `trainyard.yml` says it. */
function planOf({configured, warning}: World): ReportSource['plan'] {
  try {
    const {steps, minimumRequests, deadline, gates, mode, onInconclusive} = configured('deploy-canary', ROLLOUT)
    return {steps, minimumRequests, deadlineMs: deadline, gates, mode, onInconclusive}
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    warning(`The canary plan is not shown: ${error.message}`)
    return undefined
  }
}

async function writeReport(source: ReportSource, folder: string): Promise<{markdown: string; page: string}> {
  const files = {markdown: join(folder, 'report.md'), page: join(folder, 'report.html')}
  await writeAtomic(files.markdown, renderReport(source))
  await writeAtomic(files.page, renderPage(source))
  return files
}

async function materialsOf(counted: readonly EvidenceFile[]) {
  return await Promise.all(
    counted.map(async ({evidence, file}) => {
      const {sha256, size} = await sha256File(file)
      return {kind: 'evidence', name: evidence.action.name, digest: {sha256}, size} as const
    })
  )
}

/** A comment that can't be written is a warning and never more. */
async function comment(source: ReportSource, given: Given, world: World): Promise<void> {
  const {env, event, run, log, warning} = world
  const head = finishedHead(event)
  const own = head === undefined ? pullRequestNumber(event) : await pullOf(head, source, given, world)
  if (typeof own === 'string') return log(`No comment: ${own}.`)
  const merged = head === undefined && own === undefined ? await mergedPull(source, given, world) : undefined
  const plan = planComment(source, {...given, pullRequest: own ?? merged, merged: merged !== undefined})
  if (plan.kind === 'none') return log(`No comment: ${plan.reason}.`)
  const [{openComments}, {markerText, slotOf}, {stickComment}, {commentFailure}] = await Promise.all([
    import('#shared/github/comments'),
    import('#shared/github/marker'),
    import('#shared/github/sticky-comment'),
    import('#shared/github/comment-failure')
  ])
  const comments = openComments({apiUrl: env.GITHUB_API_URL || 'https://api.github.com', token: plan.token, repository: run.repository})
  const marker = {slot: slotOf(plan.slot), runId: run.runId, attempt: run.attempt}
  try {
    const {result, url = ''} = await stickComment(comments, {issue: plan.issue, marker, body: renderComment(source, markerText(marker))})
    log(result === 'newer' ? 'A later run has written the comment already; it stays as it is.' : `Comment ${result}: ${url}`)
  } catch (error) {
    warning(commentFailure(error, plan.issue))
  }
}

/** The pull request whose run has ended, or why none is commented on: nothing is guessed. */
async function pullOf(head: FinishedHead, {evidence}: ReportSource, {comment: wish, githubToken}: Given, {env, run, warning}: World) {
  if (wish === 'never') return 'comment is never'
  if (!githubToken) return 'there is no github-token'
  const {findPull} = await import('#shared/github/pulls')
  const access = {apiUrl: env.GITHUB_API_URL || 'https://api.github.com', token: githubToken, repository: run.repository}
  try {
    const found = await findPull(access, head)
    const named = pullNamed(evidence.map(one => one.run.ref))
    if (named === undefined || named === found) return found
    throw new UserError(`the evidence says that it is of #${named}, and the commit is the head of #${found}`)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    warning(`No comment was written: ${error.message}.${error.hint ? ` ${error.hint}` : ''}`)
    return 'its pull request can not be told'
  }
}

/** The pull request that a push merged, for who approves what came of it; undefined where nothing waits for approval, or there is not exactly one. */
async function mergedPull(source: ReportSource, {comment: wish, githubToken}: Given, {env, event, run, warning}: World) {
  const asked = event.name === 'push' && wish !== 'never' && /^\d{1,20}$/.test(run.runId)
  if (!asked || !githubToken || overview(source).packet === undefined) return undefined
  const {openCommits} = await import('#shared/github/commits')
  const access = {apiUrl: env.GITHUB_API_URL || 'https://api.github.com', token: githubToken, repository: run.repository}
  try {
    const pulls = await openCommits(access).pulls(run.sha)
    const [one, another] = pulls.filter(({merged, mergeSha}) => merged && mergeSha === run.sha)
    return another === undefined ? one?.number : undefined
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    warning(`The report is in the job's summary alone: ${error.message}.${error.hint ? ` ${error.hint}` : ''}`)
    return undefined
  }
}
