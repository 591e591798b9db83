import {UserError} from '#shared/errors'
import type {Run} from '#shared/evidence/evidence'
import type {Commits, MadeCommit, PullOfCommit} from '#shared/github/commits'
import type {Approval} from '#shared/registry/approval'
import type {Asked} from './approval.js'

interface Author {
  readonly login: string
  /** `wrote commit a1b2c3d4e5f6` */
  readonly did: string
}

/**
 * Throws UserError where one of the approvers wrote, committed, proposed, published or started what is deployed: the commits that the version comes
 * from and all those of the pull requests that they came by. Of a commit whose author or committer has no account nobody can be told apart.
 */
export async function refuseAuthors(commits: Commits, approvals: readonly Approval[], asked: Asked): Promise<void> {
  const {environment, release} = asked
  const authors = await readAuthors(commits, asked)
  for (const {by} of approvals) {
    const deeds = new Set(authors.filter(({login}) => login.toLowerCase() === by.toLowerCase()).map(({did}) => did))
    if (deeds.size === 0) continue
    throw new UserError(`${release.version}: ${by} approved it for ${environment} and ${short([...deeds])}`, {
      hint: `approver-is-not-author: another reviewer must approve, in a new run (workflow_dispatch with version: ${release.version}). "Prevent self-review" in the environment's settings asks for that from the start.`
    })
  }
}

const MOST_DEEDS = 4

function short(deeds: readonly string[]): string {
  const more = deeds.length - MOST_DEEDS
  return more <= 1 ? deeds.join(', ') : `${deeds.slice(0, MOST_DEEDS).join(', ')} and ${more} more`
}

async function readAuthors(commits: Commits, {commits: shas, actors, manifest, name, release}: Asked): Promise<readonly Author[]> {
  const made = await Promise.all(shas.map(async sha => makersOf(await commits.commit(sha))))
  const found = await Promise.all(shas.map(sha => commits.pulls(sha)))
  const proposed = found.flat().flatMap(({number, author}) => (author === undefined ? [] : [{login: author, did: `opened #${number}`}]))
  const brought = await Promise.all(
    pullsToRead(found, release).map(async number => (await commits.ofPull(number)).flatMap(makersIn(number)))
  )
  const started = actors.map(login => ({login, did: 'started this run'}))
  return [...made.flat(), ...proposed, ...brought.flat(), ...started, {login: manifest.by, did: `published ${name} ${release.version}`}]
}

const MOST_PULLS = 10

/** Those that were merged; the open ones alone where a commit came by none yet. */
function pullsToRead(found: readonly (readonly PullOfCommit[])[], {version}: Asked['release']): readonly number[] {
  const pulls = found.flatMap(some => (some.some(({merged}) => merged) ? some.filter(({merged}) => merged) : some))
  const numbers = [...new Set(pulls.map(({number}) => number))]
  if (numbers.length <= MOST_PULLS) return numbers
  throw new UserError(`${version}: its commits came by ${numbers.length} pull requests, and the commits of ${MOST_PULLS} are read`, {
    hint: 'Deploy from a commit that fewer pull requests hold, or leave approver-is-not-author out.'
  })
}

const makersIn = (pull: number) => (commit: MadeCommit) => makersOf(commit, ` of #${pull}`)

/** Who wrote a commit and who committed it; what GitHub itself commits is by `web-flow`, who approves nothing. */
function makersOf({sha, author, committer}: MadeCommit, of = ''): readonly Author[] {
  const commit = `commit ${sha.slice(0, 12)}${of}`
  const roles = [
    {role: 'author', login: author, did: `wrote ${commit}`},
    {role: 'committer', login: committer, did: `committed ${sha.slice(0, 12)}${of}`}
  ]
  const made = roles.flatMap(({role, login, did}) => {
    if (login !== undefined) return [{login, did}]
    throw new UserError(`${commit}: its ${role} belongs to no account on GitHub, so an approver can't be told from them`, {
      hint: 'Add the address of the commit to the account of who made it, or leave approver-is-not-author out.'
    })
  })
  return author === committer ? made.slice(0, 1) : made
}

/** Commits of this repository that the documents kept with a version name, and the run's own. */
export function commitsBehind(
  documents: readonly {readonly bytes: Uint8Array}[],
  {repository, sha}: Pick<Run, 'repository' | 'sha'>
): readonly string[] {
  const shas = documents.flatMap(({bytes}) => {
    const {run} = Object(JSON.parse(Buffer.from(bytes).toString('utf8'))) as {run?: Partial<Run>}
    return run?.repository === repository && typeof run.sha === 'string' && /^[0-9a-f]{40,64}$/.test(run.sha) ? [run.sha] : []
  })
  return [...new Set([sha, ...shas])]
}
