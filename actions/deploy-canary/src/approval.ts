import {UserError} from '#shared/errors'
import type {RunEvent} from '#shared/event'
import type {Run} from '#shared/evidence/evidence'
import type {Commits} from '#shared/github/commits'
import type {Environment, Review, Reviews} from '#shared/github/reviews'
import type {Approval} from '#shared/registry/approval'
import type {Manifest} from '#shared/registry/manifest'
import type {Release} from './rollout.js'

/** What was to be approved, and by whom it may not be. */
export interface Asked {
  /** as the job names it */
  readonly environment: string
  readonly notAuthor: boolean
  readonly name: string
  readonly release: Release
  readonly manifest: Pick<Manifest, 'runUrl' | 'by'>
  /** commits of this repository that the version comes from */
  readonly commits: readonly string[]
  readonly run: Pick<Run, 'runId' | 'url'>
  /** who started the run, first and again */
  readonly actors: readonly string[]
  readonly event: RunEvent
  /** page of the repository's environments, without a trailing slash */
  readonly settings: string
}

export interface People {
  readonly reviews: Reviews
  readonly commits: Commits
}

/**
 * Who approved this version for this environment, asked before anything moves. Throws UserError when the version is not one that the approver saw,
 * when nobody had to approve or nobody did, and where `notAuthor` says so when an approver wrote, proposed, published or started what is deployed.
 */
export async function readApprovals({reviews, commits}: People, asked: Asked): Promise<readonly Approval[]> {
  requireSeen(asked)
  requireReviewers(await reviews.environment(asked.environment), asked)
  const approvals = requireApproval(await reviews.reviews(asked.run.runId), asked)
  if (asked.notAuthor) refuseAuthors(approvals, await readAuthors(commits, asked), asked)
  return approvals
}

/** An approval has neither a time nor an attempt: what binds it is that the version is this run's own, or stood in its inputs. */
function requireSeen({name, release, manifest, run, event}: Asked): void {
  if (manifest.runUrl !== '' && manifest.runUrl === run.url) return
  const {inputs} = event.payload
  const chosen =
    event.name === 'workflow_dispatch' && typeof inputs === 'object' && inputs !== null ? Reflect.get(inputs, 'version') : undefined
  if (chosen === release.version) return
  const from = manifest.runUrl === '' ? 'elsewhere' : `by ${manifest.runUrl}`
  const said = typeof chosen === 'string' && chosen !== '' ? `, and the input version says ${chosen}` : ''
  throw new UserError(
    `${name} ${release.version}: was published ${from}, not by this run${said}: whoever approved can't have known that it would be deployed`,
    {
      hint: `Start a workflow with on: workflow_dispatch, whose input version is ${release.version} itself, and no alias.`
    }
  )
}

function requireReviewers(found: Environment | undefined, {environment, settings}: Asked): void {
  const hint =
    `Set them under Settings → Environments → ${environment}, Required reviewers: ${settings}${found ? `/${found.id}/edit` : ''}. ` +
    'In a private repository that needs GitHub Enterprise.'
  if (found === undefined) throw new UserError(`environment ${environment}: the repository has none of this name`, {hint})
  if (found.reviewers === 0) throw new UserError(`environment ${environment}: has no required reviewers, so nobody was asked`, {hint})
}

// Names of environments are not case-sensitive.
const isFor = (environment: string) => (review: Review) =>
  review.environments.some(name => name.toLowerCase() === environment.toLowerCase())

const LONGEST_COMMENT = 2000

function requireApproval(reviews: readonly Review[], {environment, release, run}: Asked): readonly Approval[] {
  const own = reviews.filter(isFor(environment))
  const approved = own.filter(({state}) => state === 'approved')
  if (approved.length > 0) return approved.map(({by, comment}) => ({environment, by, comment: comment.slice(0, LONGEST_COMMENT)}))
  const rejected = own.filter(({state}) => state === 'rejected').map(({by}) => by)
  const others = [...new Set(reviews.filter(({state}) => state === 'approved').flatMap(({environments}) => environments))]
  const found =
    rejected.length > 0
      ? `rejected by ${rejected.join(', ')}`
      : others.length > 0
        ? `this run has approvals for ${others.join(', ')} alone`
        : 'this run has no approval at all'
  throw new UserError(`${release.version}: nobody approved it for ${environment}: ${found}`, {
    hint: `The job must say environment: ${environment}, and one of its reviewers must approve in ${run.url}. Skipping the rules as an administrator is no approval.`
  })
}

interface Author {
  readonly login: string
  /** `wrote commit a1b2c3d4e5f6` */
  readonly did: string
}

async function readAuthors(commits: Commits, {commits: shas, actors, manifest, name, release}: Asked): Promise<readonly Author[]> {
  const read = await Promise.all(
    shas.map(async sha => {
      const short = sha.slice(0, 12)
      const login = await commits.author(sha)
      if (login === undefined)
        throw new UserError(`commit ${short}: its author belongs to no account on GitHub, so an approver can't be told from them`, {
          hint: 'Add the address of the commit to the account of who wrote it, or leave approver-is-not-author out.'
        })
      const pulls = await commits.pulls(sha)
      const proposed = pulls.flatMap(({number, author}) => (author === undefined ? [] : [{login: author, did: `opened #${number}`}]))
      return [{login, did: `wrote commit ${short}`}, ...proposed]
    })
  )
  const started = actors.map(login => ({login, did: 'started this run'}))
  return [...read.flat(), ...started, {login: manifest.by, did: `published ${name} ${release.version}`}]
}

function refuseAuthors(approvals: readonly Approval[], authors: readonly Author[], {environment, release}: Asked): void {
  for (const {by} of approvals) {
    const deeds = authors.filter(({login}) => login.toLowerCase() === by.toLowerCase()).map(({did}) => did)
    if (deeds.length === 0) continue
    throw new UserError(`${release.version}: ${by} approved it for ${environment} and ${[...new Set(deeds)].join(', ')}`, {
      hint: `approver-is-not-author: another reviewer must approve, in a new run (workflow_dispatch with version: ${release.version}). "Prevent self-review" in the environment's settings asks for that from the start.`
    })
  }
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
