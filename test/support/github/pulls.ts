import type {FakeGitHub} from './fake.js'
import {shownRepository} from './repository.js'
import {account, paged, perFake, REPO, type Route} from './route.js'

export interface FakeOpenPull {
  readonly number: number
  readonly headSha: string
  readonly headRef: string
  /** `owner/name`; null: the fork was deleted */
  readonly headRepository: string | null
  state?: 'open' | 'closed'
}

/** Pull requests of the repository, open ones unless they say otherwise. */
export const pullsOf = perFake((): FakeOpenPull[] => [])

/** Lists of pull requests; GitHub passes over a filter that is not `user:branch`. */
export const pullRoutes: readonly Route[] = [
  {
    on: `GET ${REPO}/pulls`,
    needs: 'pull-requests: read',
    answer: (fake, asked) => {
      const [state, head] = [asked.query.get('state') ?? 'open', asked.query.get('head') ?? '']
      const found = pullsOf(fake).filter(pull => (state === 'all' || (pull.state ?? 'open') === state) && matches(pull, head))
      return paged(
        fake,
        asked,
        found.map(pull => shown(fake, pull))
      )
    }
  }
]

function matches({headRepository, headRef}: FakeOpenPull, head: string): boolean {
  return !head.includes(':') || `${headRepository?.split('/')[0]}:${headRef}` === head
}

const LINKS = ['comments', 'commits', 'statuses', 'html', 'issue', 'review_comments', 'review_comment', 'self']
const ADDRESSES = ['comments', 'commits', 'diff', 'html', 'issue', 'patch', 'review_comment', 'review_comments', 'statuses']

function shown({url}: FakeGitHub, {number, headSha, headRef, headRepository, state = 'open'}: FakeOpenPull): object {
  const here = `${url}${REPO}/pulls/${number}`
  const at = '2026-11-02T09:00:00Z'
  const [owner, name] = headRepository?.split('/') ?? ['ghost', '']
  const repo = headRepository === null ? null : {...shownRepository(url), name, full_name: headRepository, fork: true}
  const base = {label: 'octo:main', ref: 'main', sha: 'b'.repeat(40), user: account(url, 'octo'), repo: shownRepository(url)}
  return {
    id: number,
    node_id: `PR_${number}`,
    number,
    url: here,
    ...Object.fromEntries(ADDRESSES.map(one => [`${one}_url`, `${here}/${one}`])),
    _links: Object.fromEntries(LINKS.map(one => [one, {href: `${here}/${one}`}])),
    state,
    locked: false,
    title: 'A better model',
    body: null,
    user: account(url, owner),
    labels: [],
    milestone: null,
    assignee: null,
    created_at: at,
    updated_at: at,
    closed_at: state === 'closed' ? at : null,
    merged_at: null,
    merge_commit_sha: null,
    head: {label: `${owner}:${headRef}`, ref: headRef, sha: headSha, user: account(url, owner), repo},
    base,
    author_association: 'NONE',
    auto_merge: null
  }
}
