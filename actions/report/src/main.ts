import {join} from 'node:path'
import {action, type World} from '#shared/action'
import {pullRequestNumber} from '#shared/event'
import {type EvidenceFile, readEvidence} from '#shared/evidence/files'
import {sha256File, writeAtomic} from '#shared/files'
import type {InputsOf} from '#shared/inputs'
import type {ReportSource} from '#shared/report/overview'
import {renderPage} from '#shared/report/page/page'
import {renderComment, renderReport} from '#shared/report/report'
import {planComment} from './comment.js'
import {findingsOf} from './findings.js'
import {inputs} from './inputs.js'

export default action('report', inputs, async (given, world) => {
  const root = world.evidenceRoot
  const {counted, refused} = await readEvidence(root, world.origin)
  for (const {file, reason} of refused) world.warning(`${file} does not count: it ${reason}`)
  const source = sourceOf(given, counted, world)
  const files = await writeReport(source, world.outDir)
  world.summary(renderReport(source))
  await comment(source, given, world)
  return findingsOf(source, {root, files, materials: await materialsOf(counted)})
})

function sourceOf({title, name, require}: InputsOf<typeof inputs>, counted: readonly EvidenceFile[], {run, now}: World): ReportSource {
  const evidence = counted.map(({evidence: one}) => one)
  return {title: title ?? name ?? run.repository, require, evidence, run: {...run, finishedAt: now().toISOString()}}
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
async function comment(source: ReportSource, given: InputsOf<typeof inputs>, {env, event, run, log, warning}: World): Promise<void> {
  const plan = planComment(source, {...given, pullRequest: pullRequestNumber(event)})
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
