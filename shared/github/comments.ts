import {asked, unlessGone} from './answers.js'
import {ApiError, isRecord, toApiError} from './api-error.js'
import {type Access, type Client, coordinates, openClient} from './client.js'

export interface Comment {
  readonly id: number
  readonly body: string
  /** login of who wrote it; undefined for an account that is gone */
  readonly author?: string
  readonly url?: string
}

/** The comments of a repository's issues and pull requests. Everything throws ApiError. */
export interface Comments {
  /** our own login where GitHub tells it */
  login(): Promise<string | undefined>
  /** all of them, over all pages */
  list(issue: number): Promise<readonly Comment[]>
  /** undefined when it is gone */
  read(id: number): Promise<Comment | undefined>
  create(issue: number, body: string): Promise<Comment>
  /** false when it is gone */
  update(id: number, body: string): Promise<boolean>
  /** a comment that is gone already is as good as removed */
  remove(id: number): Promise<void>
}

const MOST_COMMENTS = 20_000

/** The comments of a repository through GitHub's REST API. */
export function openComments(access: Access): Comments {
  const client = openClient(access)
  const repository = coordinates(access.repository)
  const {issues} = client.rest
  return {
    login: () => login(client),
    list: issue => list(client, {...repository, issue_number: issue}),
    read: async id => {
      const answer = await unlessGone(issues.getComment({...repository, comment_id: id}))
      return answer && parseComment(answer.data)
    },
    create: async (issue, body) => parseComment((await asked(issues.createComment({...repository, issue_number: issue, body}))).data),
    update: async (id, body) => (await unlessGone(issues.updateComment({...repository, comment_id: id, body}))) !== undefined,
    remove: async id => void (await unlessGone(issues.deleteComment({...repository, comment_id: id})))
  }
}

// The query answers for every kind of token; GET /user refuses the token of a job.
async function login(client: Client): Promise<string | undefined> {
  const answer: unknown = await client.graphql('query { viewer { login } }').catch(() => undefined)
  const viewer = isRecord(answer) ? answer.viewer : undefined
  return isRecord(viewer) && typeof viewer.login === 'string' ? viewer.login : undefined
}

async function list(client: Client, place: {owner: string; repo: string; issue_number: number}): Promise<readonly Comment[]> {
  const comments: Comment[] = []
  const pages = client.paginate.iterator(client.rest.issues.listComments, {...place, per_page: 100})
  try {
    for await (const {data} of pages) {
      if (!Array.isArray(data)) throw new ApiError('an answer that is not a list of comments')
      comments.push(...data.map(parseComment))
      if (comments.length > MOST_COMMENTS) throw new ApiError(`more than ${MOST_COMMENTS} comments`)
    }
  } catch (error) {
    throw toApiError(error)
  }
  return comments
}

function parseComment(data: unknown): Comment {
  if (!isRecord(data) || !Number.isSafeInteger(data.id)) throw new ApiError('an answer that is not a comment')
  const user = isRecord(data.user) && typeof data.user.login === 'string' ? data.user.login : undefined
  return {
    id: Number(data.id),
    body: typeof data.body === 'string' ? data.body : '',
    author: user,
    url: typeof data.html_url === 'string' ? data.html_url : undefined
  }
}
