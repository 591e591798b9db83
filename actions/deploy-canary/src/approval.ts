import {UserError} from '#shared/errors'
import type {RunEvent} from '#shared/event'
import type {Run} from '#shared/evidence/evidence'
import type {Commits} from '#shared/github/commits'
import type {Environment, Review, Reviews} from '#shared/github/reviews'
import type {Approval} from '#shared/registry/approval'
import type {Manifest} from '#shared/registry/manifest'
import {refuseAuthors} from './authors.js'
import type {Release} from './rollout.js'

/** What was to be approved, and by whom it may not be. */
export interface Asked {
  /** as the job names it */
  readonly environment: string
  readonly notAuthor: boolean
  readonly name: string
  readonly release: Release
  /** the input version: an alias, or the release's own */
  readonly wanted: string
  readonly manifest: Pick<Manifest, 'runUrl' | 'attempt' | 'by'>
  /** commits of this repository that the version comes from */
  readonly commits: readonly string[]
  readonly run: Pick<Run, 'runId' | 'attempt' | 'url'>
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
 * when nobody had to approve, nobody did or somebody rejected it, and where `notAuthor` says so when an approver is one of its authors.
 */
export async function readApprovals({reviews, commits}: People, asked: Asked): Promise<readonly Approval[]> {
  requireSeen(asked)
  requireReviewers(await reviews.environment(asked.environment), asked)
  const approvals = requireApproval(await reviews.reviews(asked.run.runId), asked)
  if (asked.notAuthor) await refuseAuthors(commits, approvals, asked)
  return approvals
}

/** An approval has neither a time nor an attempt: what binds it is that the version is this run's own, or stood in its inputs. */
function requireSeen(asked: Asked): void {
  const {name, release, manifest, run} = asked
  if (manifest.runUrl !== '' && manifest.runUrl === run.url) return
  const chosen = chosenVersion(asked)
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

/** What a dispatched run was asked to deploy, in all of its attempts. */
function chosenVersion({event: {name, payload}}: Asked): unknown {
  const {inputs} = payload
  return name === 'workflow_dispatch' && typeof inputs === 'object' && inputs !== null ? Reflect.get(inputs, 'version') : undefined
}

/**
 * Whether each approval of this run, of whatever attempt, can only have been of this version. The first attempt has no older ones. A later one has
 * them, and they are of this version where the first attempt published it and the workflow says by its own name what is deployed.
 */
function isUnambiguous(asked: Asked): boolean {
  const {manifest, release, run, wanted} = asked
  if (chosenVersion(asked) === release.version) return true
  if (run.attempt === 1) return (manifest.attempt ?? 1) === 1
  return manifest.attempt === 1 && wanted === release.version
}

/** Whether a comment names a version as a word of its own. */
function naming(version: string): (review: Review) => boolean {
  return ({comment}) => comment.split(/[^\w.+-]+/).some(word => word.replace(/[.+-]+$/, '') === version)
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

function requireApproval(reviews: readonly Review[], asked: Asked): readonly Approval[] {
  const {environment, release} = asked
  const own = reviews.filter(isFor(environment))
  const approved = own.filter(({state}) => state === 'approved')
  refuseRejected(own, approved, asked)
  if (approved.length === 0) throw unapproved(reviews, asked)
  const bound = isUnambiguous(asked) ? approved : approved.filter(naming(release.version))
  if (bound.length === 0) throw ambiguous(approved, asked)
  return bound.map(({by, comment}) => ({environment, by, comment: comment.slice(0, LONGEST_COMMENT)}))
}

/** Which of two reviews came last GitHub does not say: a run in which somebody said no stays rejected. */
function refuseRejected(own: readonly Review[], approved: readonly Review[], {environment, release}: Asked): void {
  const rejected = own.filter(({state}) => state === 'rejected')
  if (rejected.length === 0) return
  const although = approved.length > 0 ? `, which the approval by ${namesOf(approved)} does not undo` : ''
  throw new UserError(`${release.version}: was rejected for ${environment} by ${namesOf(rejected)} in this run${although}`, {
    hint: `Start a new run (workflow_dispatch with version: ${release.version}): GitHub does not say which review of a run came last.`
  })
}

function unapproved(reviews: readonly Review[], {environment, release, run}: Asked): UserError {
  const others = [...new Set(reviews.filter(({state}) => state === 'approved').flatMap(({environments}) => environments))]
  const found = others.length > 0 ? `this run has approvals for ${others.join(', ')} alone` : 'this run has no approval at all'
  return new UserError(`${release.version}: nobody approved it for ${environment}: ${found}`, {
    hint: `The job must say environment: ${environment}, and one of its reviewers must approve in ${run.url}. Skipping the rules as an administrator is no approval.`
  })
}

function ambiguous(approved: readonly Review[], {environment, release: {version}, manifest, run, wanted}: Asked): UserError {
  const since =
    manifest.attempt === undefined
      ? `which attempt published ${version} is not kept`
      : manifest.attempt > 1
        ? `${version} was published by attempt ${manifest.attempt}`
        : `version is the alias ${wanted}, which a later attempt may have moved`
  return new UserError(
    `${version}: whether ${namesOf(approved)} approved it for ${environment}, or another version in an earlier attempt, can't be told: this is attempt ${run.attempt}, and ${since}`,
    {
      hint: `Run this job again and write ${version} into the comment of the approval, or start a new run (workflow_dispatch with version: ${version}). GitHub does not say which attempt an approval was given in.`
    }
  )
}

function namesOf(reviews: readonly Review[]): string {
  return [...new Set(reviews.map(({by}) => by))].join(', ')
}
