import type {Run} from '#shared/evidence/evidence'

type Place = Pick<Run, 'repository' | 'runId' | 'attempt' | 'url'>

/**
 * The address of a run, put together from what has the form of a repository and a run number, on the server of the reporting run alone:
 * an address that stands in evidence is never used. Undefined where there is none: a run on one's own machine is of no repository, or of `local/…`.
 */
export function runLink(run: Place, reporting: Pick<Run, 'url'>): string | undefined {
  const server = serverOf(reporting.url)
  if (run.url === '' || run.repository.startsWith('local/')) return undefined
  if (server === undefined || !/^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(run.repository) || !/^\d{1,20}$/.test(run.runId)) return undefined
  return `${server}/${run.repository}/actions/runs/${run.runId}/attempts/${Number(run.attempt)}`
}

function serverOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const {protocol, origin} = new URL(url)
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined
}
