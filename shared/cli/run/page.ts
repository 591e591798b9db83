import {copyFile, mkdir} from 'node:fs/promises'
import {dirname} from 'node:path'
import {messageOf} from '#shared/errors'
import type {JobResult} from './progress.js'

/** What the last `report` of the run wrote, in the run's folder; undefined when none did. */
export function newestPage(jobs: readonly JobResult[]): string | undefined {
  return jobs.flatMap(({steps}) => steps).findLast(({outputs}) => outputs.page && outputs.markdown)?.outputs.page
}

/** Copies a page out of the folder of its run, and gives where it lies now. No page is worth a verdict: that it could not be copied is said alone. */
export async function copyPage(page: string, target: string, say: (text: string) => void): Promise<string | undefined> {
  try {
    await mkdir(dirname(target), {recursive: true})
    await copyFile(page, target)
    return target
  } catch (error) {
    say(`report page: not kept: ${messageOf(error)}`)
    return undefined
  }
}
