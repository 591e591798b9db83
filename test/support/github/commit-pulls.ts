import type {FakeGitHub} from './fake.js'
import {shownRepository} from './repository.js'
import {type Asked, account, paged, perFake, REPO, REPOSITORY, type Route, refusal} from './route.js'

export interface FakePull {
  readonly number: number
  /** null: the account is gone */
  readonly author: string | null
  readonly merged: boolean
  readonly mergeSha: string | null
  /** absent: one, by who opened it */
  readonly commits?: readonly FakeCommit[]
}

export interface FakeCommit {
  readonly sha: string
  /** null: an address of no account */
  readonly author: string | null
  /** absent: GitHub itself */
  readonly committer?: string | null
}

/** Commits by their sha, and the pull requests that they came by. */
export const commitsOf = perFake(() => new Map<string, Omit<FakeCommit, 'sha'> & {readonly pulls: readonly FakePull[]}>())

export const commitPullRoutes: readonly Route[] = [
  {
    on: `GET ${REPO}/commits`,
    needs: 'contents: read',
    answer: (fake, {query}) => {
      const sha = query.get('sha') ?? ''
      const found = commitsOf(fake).get(sha)
      return found === undefined ? refusal(404, 'Not Found') : {status: 200, body: [shownCommit(fake, {sha, ...found})]}
    }
  },
  {
    on: `GET ${REPO}/commits/{sha}/pulls`,
    needs: 'pull-requests: read',
    answer: (fake, {at}) => ({status: 200, body: (commitsOf(fake).get(at.sha)?.pulls ?? []).map(pull => shownPull(fake, pull, at.sha))})
  },
  {
    on: `GET ${REPO}/pulls/{number}/commits`,
    needs: 'pull-requests: read',
    answer: (fake, asked) => {
      const pull = pullOf(fake, asked)
      if (pull === undefined) return refusal(404, 'Not Found')
      const shown = madeIn(pull).slice(0, MOST_SHOWN)
      return paged(
        fake,
        asked,
        shown.map(one => shownCommit(fake, one))
      )
    }
  },
  {
    on: `GET ${REPO}/pulls/{number}`,
    needs: 'pull-requests: read',
    answer: (fake, asked) => {
      const pull = pullOf(fake, asked)
      return pull === undefined ? refusal(404, 'Not Found') : {status: 200, body: shownWhole(fake, pull)}
    }
  }
]

/** Commits of one pull request that GitHub lists. */
const MOST_SHOWN = 250

function pullOf(fake: FakeGitHub, {at}: Asked): FakePull | undefined {
  return [...commitsOf(fake).values()].flatMap(({pulls}) => pulls).find(({number}) => String(number) === at.number)
}

function madeIn({commits, author}: FakePull): readonly FakeCommit[] {
  return commits ?? [{sha: 'e'.repeat(40), author}]
}

function shownWhole(fake: FakeGitHub, pull: FakePull): object {
  return {
    ...shownPull(fake, pull, 'e'.repeat(40)),
    ...{merged: pull.merged, mergeable: null, mergeable_state: 'unknown', merged_by: null, maintainer_can_modify: false},
    ...{commits: madeIn(pull).length, comments: 0, review_comments: 0, additions: 1, deletions: 0, changed_files: 1}
  }
}

function shownCommit({url}: FakeGitHub, {sha, author, committer = 'web-flow'}: FakeCommit): object {
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
    committer: committer === null ? null : account(url, committer),
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
