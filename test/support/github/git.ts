import type {FakeGitHub} from './fake.js'
import {
  addBlob,
  addCommit,
  entryAt,
  type GitCommit,
  type GitState,
  gitOf,
  isAncestor,
  moveRef,
  seenRef,
  updateTree,
  walkTree
} from './git-objects.js'
import {shownRepository} from './repository.js'
import {type Answer, type Asked, fieldOf, paged, REPO, REPOSITORY, type Route, refusal, textOf} from './route.js'

type Answered = (git: GitState, fake: FakeGitHub, asked: Asked) => Answer

const read = (on: string, answer: Answered): Route => ({on, needs: 'contents: read', answer: inGit(answer)})
const write = (on: string, answer: Answered): Route => ({on, needs: 'contents: write', answer: inGit(answer)})

function inGit(answer: Answered): Route['answer'] {
  return (fake, asked) => {
    const git = gitOf(fake)
    if (git.empty) return asked.path.includes('/git/') ? refusal(409, 'Git Repository is empty.') : refusal(404, 'Branch not found')
    return answer(git, fake, asked)
  }
}

/** Blobs, trees, commits and refs, and files written one at a time. */
export const gitRoutes: readonly Route[] = [
  {on: `GET ${REPO}`, needs: 'metadata: read', answer: fake => ({status: 200, body: fullRepository(fake.url)})},
  read(`GET ${REPO}/git/trees/{sha+}`, readTree),
  write(`POST ${REPO}/git/trees`, makeTree),
  write(`POST ${REPO}/git/blobs`, (git, fake, {body}) => {
    const sha = addBlob(git, Buffer.from(textOf(body, 'content'), textOf(body, 'encoding') === 'base64' ? 'base64' : 'utf8'))
    return {status: 201, body: {sha, url: `${fake.url}${REPO}/git/blobs/${sha}`}}
  }),
  read(`GET ${REPO}/git/blobs/{sha}`, readBlob),
  write(`POST ${REPO}/git/commits`, makeCommit),
  read(`GET ${REPO}/git/commits/{sha}`, (git, fake, {at}) => {
    const commit = git.commits.get(at.sha)
    return commit === undefined ? refusal(404, 'Not Found') : {status: 200, body: shownCommit(fake, commit)}
  }),
  write(`POST ${REPO}/git/refs`, makeRef),
  write(`PATCH ${REPO}/git/refs/{ref+}`, updateRef),
  read(`GET ${REPO}/git/ref/{ref+}`, (git, fake, {at: {ref}}) => {
    const sha = seenRef(git, ref, 'ref')
    return sha === undefined ? refusal(404, 'Not Found') : {status: 200, body: shownRef(fake, ref, sha)}
  }),
  read(`GET ${REPO}/git/matching-refs/{ref+}`, (git, fake, {at: {ref}}) => {
    const found = [...git.refs].filter(([name]) => name.startsWith(ref))
    return {status: 200, body: found.map(([name, sha]) => shownRef(fake, name, sha))}
  }),
  read(`GET ${REPO}/branches/{branch}`, readBranch),
  read(`GET ${REPO}/commits`, listCommits),
  write(`PUT ${REPO}/contents/{path+}`, putFile),
  write(`DELETE ${REPO}/contents/{path+}`, deleteFile)
]

function readTree(git: GitState, fake: FakeGitHub, {at: {sha}, query}: Asked): Answer {
  const commit = git.commits.get(seenRef(git, `heads/${sha}`, 'tree') ?? '') ?? git.commits.get(sha)
  const tree = commit?.tree ?? sha
  if (!git.trees.has(tree)) return refusal(404, 'Not Found')
  const deep = query.get('recursive') !== null
  const all = deep ? walkTree(git, tree) : (git.trees.get(tree) ?? [])
  const cut = deep && git.truncated && all.some(({type}) => type === 'tree')
  return {status: 200, body: shownTree(fake, git, tree, cut ? all.slice(0, 1) : all, cut)}
}

function shownTree(
  fake: FakeGitHub,
  git: GitState,
  sha: string,
  entries: ReturnType<typeof walkTree> | readonly object[],
  truncated = false
): object {
  const tree = (entries as ReturnType<typeof walkTree>).map(entry => ({
    ...entry,
    ...(entry.type === 'blob' && {size: git.blobs.get(entry.sha)?.length ?? 0}),
    url: `${fake.url}${REPO}/git/${entry.type}s/${entry.sha}`
  }))
  return {sha, url: `${fake.url}${REPO}/git/trees/${sha}`, tree, truncated}
}

function makeTree(git: GitState, fake: FakeGitHub, {body}: Asked): Answer {
  const base = fieldOf(body, 'base_tree')
  const baseTree = typeof base === 'string' ? (git.commits.get(base)?.tree ?? base) : undefined
  if (baseTree !== undefined && !git.trees.has(baseTree)) return refusal(422, 'base_tree is not a valid tree oid')
  const given = fieldOf(body, 'tree')
  const changes = (Array.isArray(given) ? given : []).map(entry => {
    const content = fieldOf(entry, 'content')
    const sha = typeof content === 'string' ? addBlob(git, Buffer.from(content)) : fieldOf(entry, 'sha')
    return {path: textOf(entry, 'path'), sha: typeof sha === 'string' ? sha : null}
  })
  if (changes.some(({sha}) => sha !== null && !git.blobs.has(sha))) return refusal(422, 'tree.sha is not a valid blob')
  const sha = updateTree(git, baseTree, changes)
  return {status: 201, body: shownTree(fake, git, sha, git.trees.get(sha) ?? [])}
}

function readBlob(git: GitState, fake: FakeGitHub, {at: {sha}}: Asked): Answer {
  const bytes = git.blobs.get(sha)
  if (bytes === undefined) return refusal(404, 'Not Found')
  const content = bytes.toString('base64').replace(/(.{60})/g, '$1\n')
  return {
    status: 200,
    body: {sha, node_id: `B_${sha}`, size: bytes.length, url: `${fake.url}${REPO}/git/blobs/${sha}`, content, encoding: 'base64'}
  }
}

function makeCommit(git: GitState, fake: FakeGitHub, {body}: Asked): Answer {
  const tree = textOf(body, 'tree')
  const given = fieldOf(body, 'parents')
  const parents = Array.isArray(given) ? given.map(String) : []
  if (!git.trees.has(tree)) return refusal(422, 'Tree SHA does not exist')
  if (parents.some(parent => !git.commits.has(parent))) return refusal(422, 'Parent SHA does not exist or is not a commit object')
  return {status: 201, body: shownCommit(fake, addCommit(git, {tree, parents, message: textOf(body, 'message')}))}
}

const RULES = 'Repository rule violations found\n\nCannot update this protected ref.\n\n'

function makeRef(git: GitState, fake: FakeGitHub, {body}: Asked): Answer {
  const ref = textOf(body, 'ref').replace(/^refs\//, '')
  const sha = textOf(body, 'sha')
  if (git.protected.has(ref)) return refusal(422, RULES)
  if (git.refs.has(ref)) return refusal(422, 'Reference already exists')
  if (!git.commits.has(sha)) return refusal(422, 'Object does not exist')
  moveRef(git, ref, sha)
  return {status: 201, body: shownRef(fake, ref, sha)}
}

function updateRef(git: GitState, fake: FakeGitHub, {body, at: {ref}}: Asked): Answer {
  const sha = textOf(body, 'sha')
  const now = git.refs.get(ref)
  if (now === undefined) return refusal(422, 'Reference does not exist')
  if (git.protected.has(ref)) return refusal(422, RULES)
  if (!git.commits.has(sha)) return refusal(422, 'Object does not exist')
  if (fieldOf(body, 'force') !== true && !isAncestor(git, now, sha)) return refusal(422, 'Update is not a fast forward')
  moveRef(git, ref, sha)
  return {status: 200, body: shownRef(fake, ref, sha)}
}

function putFile(git: GitState, fake: FakeGitHub, {body, at: {path}}: Asked): Answer {
  return changeFile(git, fake, body, path, (tree, given) => {
    const there = entryAt(git, tree, path)
    if (there !== undefined && given === '') return refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if (given !== '' && there?.sha !== given) return refusal(409, `${path} does not match ${given}`)
    const sha = addBlob(git, Buffer.from(textOf(body, 'content'), 'base64'))
    return {sha, status: there === undefined ? 201 : 200}
  })
}

function deleteFile(git: GitState, fake: FakeGitHub, {body, at: {path}}: Asked): Answer {
  return changeFile(git, fake, body, path, (tree, given) => {
    const there = entryAt(git, tree, path)
    if (there === undefined) return refusal(404, 'Not Found')
    return there.sha === given ? {sha: null, status: 200} : refusal(409, `${path} does not match ${given}`)
  })
}

type Change = {readonly sha: string | null; readonly status: number}

function changeFile(
  git: GitState,
  fake: FakeGitHub,
  body: unknown,
  path: string,
  change: (tree: string, given: string) => Change | Answer
): Answer {
  const branch = textOf(body, 'branch') || 'main'
  const parent = git.commits.get(git.refs.get(`heads/${branch}`) ?? '')
  if (parent === undefined) return refusal(404, `Branch ${branch} not found`)
  if (git.protected.has(`heads/${branch}`)) return refusal(409, RULES)
  const changed = change(parent.tree, textOf(body, 'sha'))
  if (!('sha' in changed)) return changed
  const tree = updateTree(git, parent.tree, [{path, sha: changed.sha}])
  const commit = addCommit(git, {tree, parents: [parent.sha], message: textOf(body, 'message')})
  moveRef(git, `heads/${branch}`, commit.sha)
  return {
    status: changed.status,
    body: {content: changed.sha === null ? null : shownFile(fake, git, path, changed.sha), commit: shownCommit(fake, commit)}
  }
}

function shownFile(fake: FakeGitHub, git: GitState, path: string, sha: string): object {
  const here = `${fake.url}${REPO}/contents/${path}?ref=trainyard`
  const git_url = `${fake.url}${REPO}/git/blobs/${sha}`
  const html = `https://github.com/${REPOSITORY}/blob/trainyard/${path}`
  return {
    ...{name: path.split('/').at(-1), path, sha, size: git.blobs.get(sha)?.length ?? 0, url: here, html_url: html, git_url},
    ...{download_url: `https://raw.githubusercontent.com/${REPOSITORY}/trainyard/${path}`, type: 'file'},
    _links: {self: here, git: git_url, html}
  }
}

function shownCommit({url}: FakeGitHub, {sha, tree, parents, message, at}: GitCommit): object {
  const by = {name: 'github-actions[bot]', email: '41898282+github-actions[bot]@users.noreply.github.com', date: at}
  const api = `${url}${REPO}/git`
  return {
    ...{sha, node_id: `C_${sha}`, url: `${api}/commits/${sha}`, html_url: `https://github.com/${REPOSITORY}/commit/${sha}`},
    ...{author: by, committer: by, message, tree: {sha: tree, url: `${api}/trees/${tree}`}},
    parents: parents.map(parent => ({
      sha: parent,
      url: `${api}/commits/${parent}`,
      html_url: `https://github.com/${REPOSITORY}/commit/${parent}`
    })),
    verification: {verified: true, reason: 'valid', signature: null, payload: null, verified_at: null}
  }
}

function shownRef({url}: FakeGitHub, ref: string, sha: string): object {
  const object = {sha, type: 'commit', url: `${url}${REPO}/git/commits/${sha}`}
  return {ref: `refs/${ref}`, node_id: `R_${ref}`, url: `${url}${REPO}/git/refs/${ref}`, object}
}

function readBranch(git: GitState, fake: FakeGitHub, {at: {branch}}: Asked): Answer {
  const commit = git.commits.get(seenRef(git, `heads/${branch}`, 'branch') ?? '')
  if (commit === undefined) return refusal(404, 'Branch not found')
  const self = `${fake.url}${REPO}/branches/${branch}`
  const links = {self, html: `https://github.com/${REPOSITORY}/tree/${branch}`}
  const protection = {enabled: false}
  const shown = {name: branch, commit: shownInList(fake, commit), _links: links, protection, protection_url: `${self}/protection`}
  return {status: 200, body: {...shown, protected: git.protected.has(`heads/${branch}`)}}
}

/** Commits of a branch or from one of them back, the newest first; of other commits another topic may know. */
function listCommits(git: GitState, fake: FakeGitHub, asked: Asked): Answer {
  const listed: object[] = []
  const from = asked.query.get('sha') ?? ''
  let commit = git.commits.get(from) ?? git.commits.get(seenRef(git, `heads/${from}`, 'commits') ?? '')
  if (commit === undefined) return refusal(404, 'Not Found')
  for (; commit !== undefined; commit = git.commits.get(commit.parents[0] ?? '')) listed.push(shownInList(fake, commit))
  return paged(fake, asked, listed)
}

function shownInList({url}: FakeGitHub, {sha, tree, parents, message, at}: GitCommit): object {
  const here = `${url}${REPO}/commits/${sha}`
  const by = {name: 'github-actions[bot]', email: 'bot@users.noreply.github.com', date: at}
  const inner = {author: by, committer: by, message, comment_count: 0, tree: {sha: tree, url: `${url}${REPO}/git/trees/${tree}`}}
  return {
    ...{sha, node_id: `C_${sha}`, url: here, html_url: `https://github.com/${REPOSITORY}/commit/${sha}`, comments_url: `${here}/comments`},
    ...{commit: {url: here, ...inner}, author: null, committer: null},
    parents: parents.map(parent => ({sha: parent, url: `${url}${REPO}/commits/${parent}`}))
  }
}

function fullRepository(url: string): object {
  const now = '2026-01-01T00:00:00Z'
  return {
    ...shownRepository(url),
    has_discussions: false,
    network_count: 0,
    subscribers_count: 0,
    pushed_at: now,
    created_at: now,
    updated_at: now
  }
}
