import type {FakeGitHub} from './fake.js'
import {shownRepository} from './repository.js'
import {account, perFake, REPO, REPOSITORY, type Route, refusal} from './route.js'

export interface FakePull {
  readonly number: number
  /** null: the account is gone */
  readonly author: string | null
  readonly merged: boolean
  readonly mergeSha: string | null
}

/** Commits by their sha: who wrote them (null: an address of no account), and the pull requests that they came by. */
export const commitsOf = perFake(() => new Map<string, {readonly author: string | null; readonly pulls: readonly FakePull[]}>())

export const commitPullRoutes: readonly Route[] = [
  {
    on: `GET ${REPO}/commits`,
    needs: 'contents: read',
    answer: (fake, {query}) => {
      const sha = query.get('sha') ?? ''
      const found = commitsOf(fake).get(sha)
      return found === undefined ? refusal(404, 'Not Found') : {status: 200, body: [shownCommit(fake, sha, found.author)]}
    }
  },
  {
    on: `GET ${REPO}/commits/{sha}/pulls`,
    needs: 'pull-requests: read',
    answer: (fake, {at}) => ({status: 200, body: (commitsOf(fake).get(at.sha)?.pulls ?? []).map(pull => shownPull(fake, pull, at.sha))})
  }
]

function shownCommit({url}: FakeGitHub, sha: string, author: string | null): object {
  const by = {name: author ?? 'somebody', email: 'somebody@octo.example', date: '2026-11-02T09:00:00Z'}
  return {
    sha,
    node_id: 'C_1',
    url: `${url}${REPO}/commits/${sha}`,
    html_url: `https://github.com/${REPOSITORY}/commit/${sha}`,
    comments_url: `${url}${REPO}/commits/${sha}/comments`,
    commit: {
      url: `${url}${REPO}/git/commits/${sha}`,
      author: by,
      committer: by,
      message: 'Train on more rows',
      comment_count: 0,
      tree: {sha: '0'.repeat(40), url: `${url}${REPO}/git/trees/${'0'.repeat(40)}`}
    },
    author: author === null ? null : account(url, author),
    committer: account(url, 'web-flow'),
    parents: []
  }
}

const LINKS = ['comments', 'commits', 'statuses', 'html', 'issue', 'review_comments', 'review_comment', 'self']
const ADDRESSES = ['comments', 'commits', 'diff', 'html', 'issue', 'patch', 'review_comment', 'review_comments', 'statuses']

function shownPull({url}: FakeGitHub, {number, author, merged, mergeSha}: FakePull, sha: string): object {
  const here = `${url}${REPO}/pulls/${number}`
  const at = '2026-11-02T09:00:00Z'
  const user = author === null ? null : account(url, author)
  const side = (ref: string) => ({label: `octo:${ref}`, ref, sha, user, repo: shownRepository(url)})
  return {
    id: number,
    node_id: `PR_${number}`,
    number,
    url: here,
    ...Object.fromEntries(ADDRESSES.map(name => [`${name}_url`, `${here}/${name}`])),
    _links: Object.fromEntries(LINKS.map(name => [name, {href: `${here}/${name}`}])),
    state: merged ? 'closed' : 'open',
    locked: false,
    title: 'Train on more rows',
    body: null,
    user,
    labels: [],
    milestone: null,
    assignee: null,
    created_at: at,
    updated_at: at,
    closed_at: merged ? at : null,
    merged_at: merged ? at : null,
    merge_commit_sha: mergeSha,
    head: side('more-rows'),
    base: side('main'),
    author_association: 'CONTRIBUTOR',
    auto_merge: null
  }
}
