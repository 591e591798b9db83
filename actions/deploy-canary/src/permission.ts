import {UserError} from '#shared/errors'
import type {InputsOf} from '#shared/inputs'
import type {Approval} from '#shared/registry/approval'
import type {Registry} from '#shared/registry/registry'
import type {World} from '#shared/world'
import {type People, readApprovals} from './approval.js'
import {commitsBehind} from './authors.js'
import type {inputs} from './inputs.js'
import type {Release} from './rollout.js'

type Given = Pick<InputsOf<typeof inputs>, 'requireApproval' | 'environment' | 'approverIsNotAuthor' | 'githubToken' | 'name' | 'version'>

interface Around {
  readonly registry: Pick<Registry, 'manifest' | 'evidence'>
  readonly release: Release
  readonly openPeople: () => Promise<People>
}

/** How a run asks who approved its candidate: nobody, where no approval is required. Throws UserError of kind `usage` for what can't be asked. */
export function permission(
  given: Given,
  {run, event, env}: Pick<World, 'run' | 'event' | 'env'>,
  {registry, release, openPeople}: Around
): () => Promise<readonly Approval[]> {
  const environment = environmentOf(given)
  if (environment === undefined) return async () => []
  requireGitHub(given, run)
  const {approverIsNotAuthor: notAuthor, name, version: wanted} = given
  const settings = `${env.GITHUB_SERVER_URL || 'https://github.com'}/${run.repository}/settings/environments`
  const actors = [run.actor, env.GITHUB_TRIGGERING_ACTOR ?? ''].filter(actor => actor !== '')
  return async () => {
    const manifest = await registry.manifest(name, release.version)
    const commits = notAuthor ? commitsBehind(await registry.evidence(name, release.version), run) : []
    const asked = {environment, notAuthor, name, release, wanted, manifest, commits, run, actors, event, settings}
    return await readApprovals(await openPeople(), asked)
  }
}

function environmentOf({requireApproval, environment, approverIsNotAuthor}: Given): string | undefined {
  const wrong = (message: string, hint: string) => new UserError(message, {kind: 'usage', hint})
  if (!requireApproval && approverIsNotAuthor)
    throw wrong('approver-is-not-author: nobody is asked without require-approval: true', 'Give both, or neither.')
  if (!requireApproval) return undefined
  if (environment !== undefined) return environment
  throw wrong(
    'environment: required with require-approval, for a job is not told the name of its own',
    'Write the same name in `with:` as the job has under environment:.'
  )
}

function requireGitHub({githubToken}: Given, {runId}: Pick<World['run'], 'runId'>): void {
  const missing = githubToken ? (/^\d{1,20}$/.test(runId) ? undefined : 'this run is not on GitHub') : 'there is no github-token'
  if (missing === undefined) return
  throw new UserError(`require-approval: ${missing}, so nobody can have approved`, {
    kind: 'usage',
    hint: "Approvals are GitHub's: ask for them in the workflow (with:) alone, and leave github-token as it is."
  })
}
