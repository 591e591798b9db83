import type {ReportSource} from '#shared/report/overview'

/** `slot` names the comment: one for each workflow and title. */
export type CommentPlan =
  | {readonly kind: 'none'; readonly reason: string}
  | {readonly kind: 'write'; readonly issue: number; readonly token: string; readonly slot: string}

interface Asked {
  readonly comment: 'auto' | 'never'
  readonly githubToken?: string
  readonly pullRequest?: number
  /** whether it is the one that a push merged: its own comment stays as the reviewers read it */
  readonly merged?: boolean
}

/** Where the comment goes, or why there is none. Only a run that GitHub has numbered can be told from a later one. */
export function planComment(
  {run, title}: Pick<ReportSource, 'run' | 'title'>,
  {comment, githubToken, pullRequest, merged = false}: Asked
): CommentPlan {
  if (comment === 'never') return {kind: 'none', reason: 'comment is never'}
  if (pullRequest === undefined) return {kind: 'none', reason: 'this run is not about a pull request'}
  if (!githubToken) return {kind: 'none', reason: 'there is no github-token'}
  if (!/^\d{1,20}$/.test(run.runId)) return {kind: 'none', reason: 'this run is not on GitHub'}
  return {kind: 'write', issue: pullRequest, token: githubToken, slot: `${run.workflow}\n${title}${merged ? '\nmerged' : ''}`}
}
