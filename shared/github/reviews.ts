import {asked, unlessGone} from './answers.js'
import {ApiError, isRecord} from './api-error.js'
import {type Access, coordinates, openClient} from './client.js'
import {needed} from './needed.js'

/** What somebody said of a job that waits for environments. */
export interface Review {
  readonly environments: readonly string[]
  readonly state: 'approved' | 'rejected' | 'pending'
  /** login */
  readonly by: string
  readonly comment: string
}

export interface Environment {
  /** as the repository writes it */
  readonly name: string
  readonly id: number
  /** people and teams of whom one must approve */
  readonly reviewers: number
}

/** The environments of a repository and who approved what waited for them. Everything throws UserError, with the permission to add where one is missing. */
export interface Reviews {
  /** undefined: the repository has none of this name, or the token sees none */
  environment(name: string): Promise<Environment | undefined>
  /** of a run, of all its attempts and jobs together: GitHub gives neither attempt nor time */
  reviews(runId: string): Promise<readonly Review[]>
}

/** The reviews of a repository through GitHub's REST API. */
export function openReviews(access: Access): Reviews {
  const {rest} = openClient(access)
  const repository = coordinates(access.repository)
  const readEnvironment = async (name: string) => {
    const answer = await unlessGone(rest.repos.getEnvironment({...repository, environment_name: name}))
    return answer && parseEnvironment(answer.data)
  }
  const readReviews = async (runId: string) =>
    parseReviews((await asked(rest.actions.getReviewsForRun({...repository, run_id: Number(runId)}))).data)
  return {
    environment: name => readEnvironment(name).catch(needed(`environment ${name}`, 'actions: read')),
    reviews: runId => readReviews(runId).catch(needed('the approvals of this run', 'actions: read'))
  }
}

function parseEnvironment(data: unknown): Environment {
  if (!isRecord(data) || typeof data.name !== 'string' || typeof data.id !== 'number')
    throw new ApiError('an answer that is no environment')
  const rules = Array.isArray(data.protection_rules) ? data.protection_rules.filter(isRecord) : []
  const reviewers = rules
    .filter(({type}) => type === 'required_reviewers')
    .map(rule => (Array.isArray(rule.reviewers) ? rule.reviewers.length : 0))
  return {name: data.name, id: data.id, reviewers: reviewers.reduce((sum, n) => sum + n, 0)}
}

const STATES = ['approved', 'rejected', 'pending'] as const

const wrong = () => new ApiError('an answer that is not a list of approvals')

function parseReviews(data: unknown): readonly Review[] {
  if (!Array.isArray(data)) throw wrong()
  return data.map(parseReview)
}

function parseReview(data: unknown): Review {
  if (!isRecord(data) || !Array.isArray(data.environments) || !isRecord(data.user)) throw wrong()
  const environments = data.environments.map(one => (isRecord(one) ? one.name : undefined))
  const state = STATES.find(one => one === data.state)
  if (state === undefined || typeof data.user.login !== 'string' || !environments.every(name => typeof name === 'string')) throw wrong()
  return {environments, state, by: data.user.login, comment: typeof data.comment === 'string' ? data.comment : ''}
}
