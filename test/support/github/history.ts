import {commitPullRoutes} from './commit-pulls.js'
import type {FakeGitHub} from './fake.js'
import {type Asked, paged, perFake, REPO, REPOSITORY, type Route, refusal} from './route.js'

interface FakeCommit {
  readonly parents: readonly string[]
  readonly at: string
}

/** Commits by their sha. */
export const historyOf = perFake(() => new Map<string, FakeCommit>())

/** A row of commits, each the parent of the next, a minute apart; gives their shas, the oldest first. */
export function growHistory(fake: FakeGitHub, names: readonly string[], parent?: string): string[] {
  const history = historyOf(fake)
  return names.map((name, index) => {
    const sha = shaOf(name)
    const parents = index > 0 ? [shaOf(names[index - 1])] : parent === undefined ? [] : [shaOf(parent)]
    history.set(sha, {parents, at: new Date(Date.UTC(2026, 0, 1, 0, history.size)).toISOString()})
    return sha
  })
}

/** Forty hex digits that tell the name. */
export function shaOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(40, '0').slice(0, 40)
}

const others = commitPullRoutes.find(({on}) => on === `GET ${REPO}/commits`)

/** Lists and comparisons of commits. */
export const historyRoutes: readonly Route[] = [
  {
    on: `GET ${REPO}/commits`,
    needs: 'contents: read',
    answer: (fake, asked) => {
      const from = asked.query.get('sha') ?? ''
      if (!historyOf(fake).has(from)) return others?.answer(fake, asked) ?? refusal(404, 'Not Found')
      const shas = ancestorsOf(fake, from)
      return paged(
        fake,
        asked,
        shas.map(sha => shown(fake, sha))
      )
    }
  },
  {on: `GET ${REPO}/compare/{basehead}`, needs: 'contents: read', answer: compare}
]

/** Newest first, itself included. */
function ancestorsOf(fake: FakeGitHub, from: string): string[] {
  const history = historyOf(fake)
  const found = new Set<string>()
  const waiting = [from]
  for (let sha = waiting.pop(); sha !== undefined; sha = waiting.pop()) {
    if (!found.has(sha)) waiting.push(...(history.get(sha)?.parents ?? []))
    found.add(sha)
  }
  return [...found].sort((a, b) => ((history.get(a)?.at ?? '') < (history.get(b)?.at ?? '') ? 1 : -1))
}

function compare(fake: FakeGitHub, {at, query}: Asked) {
  const [base, head] = at.basehead.split('...')
  if (!historyOf(fake).has(base) || !historyOf(fake).has(head)) return refusal(404, 'Not Found')
  const [ours, theirs] = [ancestorsOf(fake, base), ancestorsOf(fake, head)]
  const common = ours.find(sha => theirs.includes(sha))
  if (common === undefined) return refusal(404, 'No common ancestor')
  const ahead = theirs.filter(sha => !ours.includes(sha))
  const here = `${fake.url}${REPO}/compare/${base}...${head}`
  const page = Number(query.get('page') ?? 1)
  return {
    status: 200,
    body: {
      url: here,
      ...Object.fromEntries(
        ['html', 'permalink', 'diff', 'patch'].map(name => [`${name}_url`, `https://github.com/${REPOSITORY}/${name}`])
      ),
      base_commit: shown(fake, base),
      merge_base_commit: shown(fake, common),
      status: 'diverged',
      ahead_by: ahead.length,
      behind_by: ours.filter(sha => !theirs.includes(sha)).length,
      total_commits: ahead.length,
      commits: [],
      ...(page === 1 && {files: []})
    }
  }
}

function shown(fake: FakeGitHub, sha: string): object {
  const {parents = [], at = ''} = historyOf(fake).get(sha) ?? {}
  const here = `${fake.url}${REPO}/commits/${sha}`
  const by = {name: 'Ada', email: 'ada@octo.example', date: at}
  return {
    sha,
    node_id: `C_${sha}`,
    url: here,
    html_url: `https://github.com/${REPOSITORY}/commit/${sha}`,
    comments_url: `${here}/comments`,
    commit: {url: here, author: by, committer: by, message: 'A change', comment_count: 0, tree: {sha, url: here}},
    author: null,
    committer: null,
    parents: parents.map(parent => ({sha: parent, url: `${fake.url}${REPO}/commits/${parent}`}))
  }
}
