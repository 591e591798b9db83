import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parse} from 'yaml'

const REPOSITORY = 'octo/wages'
const SAME = {full_name: REPOSITORY, fork: false}
const pull = (repo: object | null | undefined, login = 'eve') => ({pull_request: {number: 7, head: {repo}, user: {login}}})

/** Events, what GitHub tells with them, and whether their code may come near a machine of one's own. */
export const EVENTS: readonly (readonly [what: string, name: string, payload: object, may: boolean])[] = [
  ['a push', 'push', {ref: 'refs/heads/main'}, true],
  ['a schedule', 'schedule', {schedule: '0 4 * * 1'}, true],
  ['a dispatch', 'workflow_dispatch', {inputs: {}}, true],
  ['a merge queue', 'merge_group', {merge_group: {head_sha: 'a'}}, true],
  ['a pull request of the repository', 'pull_request', pull(SAME), true],
  ['a pull request of a repository that is a fork itself', 'pull_request', pull({...SAME, fork: true}), true],
  ['a pull request of a fork', 'pull_request', pull({full_name: 'eve/wages', fork: true}), false],
  ['a pull request of another repository', 'pull_request', pull({full_name: 'eve/wages', fork: false}), false],
  ['a pull request of a deleted fork', 'pull_request', pull(null), false],
  ['a pull request that tells of no repository', 'pull_request', pull(undefined), false],
  ['a pull request of a deleted fork, on its target', 'pull_request_target', pull(null), false],
  ['a pull request of a fork, on its target', 'pull_request_target', pull({full_name: 'eve/wages', fork: true}), false],
  ['a review of a deleted fork', 'pull_request_review', pull(null), false],
  ['a pull request of Dependabot', 'pull_request', pull(SAME, 'dependabot[bot]'), false]
]

/** The `github` context of an event. */
export function contextOf(name: string, payload: object): {readonly event: object} & Readonly<Record<string, unknown>> {
  return {event_name: name, repository: REPOSITORY, event: {...payload, repository: {full_name: REPOSITORY}}}
}

/** The conditions under which jobs with a machine of one's own run, by where they stand: workflows, and blocks of YAML in documents. */
export function conditionsOfOwnMachines(): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  for (const file of files('.github/workflows', 'workflows-examples', 'actions', 'runner-images', 'README.md', 'SECURITY.md')) {
    const text = readFileSync(file, 'utf8')
    const blocks = file.endsWith('.md') ? Array.from(text.matchAll(/^```ya?ml\n(.*?)^```$/gms), ([, block]) => block) : [text]
    for (const block of blocks) for (const condition of conditionsIn(parse(block))) found.set(file, condition)
  }
  return found
}

function files(...places: readonly string[]): string[] {
  return places.flatMap(place => {
    if (/\.(?:md|ya?ml)$/.test(place)) return [place]
    const inside = readdirSync(place, {withFileTypes: true, recursive: true})
    return inside
      .map(({parentPath, name}) => join(parentPath, name))
      .filter(path => /\.(?:md|ya?ml)$/.test(path) && !/(?:^|\/)(?:node_modules|trainyard-out)\//.test(path))
  })
}

function conditionsIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  const own = 'runs-on' in value && /self-hosted|inputs\.runner/.test(JSON.stringify(value['runs-on']))
  return [...(own ? ['if' in value ? value.if : undefined] : []), ...Object.values(value).flatMap(conditionsIn)]
}
