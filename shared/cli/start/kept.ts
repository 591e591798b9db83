import {copyFileSync} from 'node:fs'
import {join} from 'node:path'
import type {StepResult} from '../run/progress.js'

/** What a run's last `report` wrote, in a folder that stays. */
export interface Kept {
  readonly page?: string
  /** of a pull request alone: on a push nobody is written to */
  readonly comment?: string
}

/** Copies the page, and of a pull request the comment, into `folder`; those of an earlier run are replaced. */
export function keepReport(event: 'push' | 'pull_request', steps: readonly Pick<StepResult, 'outputs'>[], folder: string): Kept {
  const {page, markdown} = steps.findLast(({outputs}) => outputs.page && outputs.markdown)?.outputs ?? {}
  if (page === undefined || markdown === undefined) return {}
  const kept = {page: join(folder, 'report.html'), ...(event === 'pull_request' && {comment: join(folder, 'comment.md')})}
  copyFileSync(page, kept.page)
  if (kept.comment !== undefined) copyFileSync(markdown, kept.comment)
  return kept
}

/** Where they lie, a line each: the page of the last run that wrote one, and the comment of the last pull request. */
export function renderKept(runs: readonly (Kept & {readonly title: string})[], shown: (path: string) => string): readonly string[] {
  const paged = runs.findLast(({page}) => page !== undefined)
  const commented = runs.findLast(({comment}) => comment !== undefined)
  const older = paged === runs.at(-1) ? '' : `, of ${paged?.title}: the last run wrote none`
  return [
    ...(paged?.page === undefined ? [] : [`Page: ${shown(paged.page)}${older}`]),
    ...(commented?.comment === undefined ? [] : [`Comment on the pull request: ${shown(commented.comment)}`])
  ]
}
