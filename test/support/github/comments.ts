import type {FakeGitHub} from './fake.js'
import {type Answer, type Asked, account, paged, REPO, REPOSITORY, type Route, refusal, textOf} from './route.js'

export interface FakeComment {
  readonly id: number
  body: string
  readonly login: string
  readonly createdAt: string
}

const HIGHEST = 65_536
const ISSUE = `${REPO}/issues/{issue}/comments`
const COMMENT = `${REPO}/issues/comments/{comment}`

/** Comments of pull request 7. */
export const commentRoutes: readonly Route[] = [
  {on: 'POST /graphql', answer: fake => ({status: 200, body: {data: {viewer: {login: fake.login}}}})},
  {on: `GET ${ISSUE}`, needs: 'pull-requests: read', answer: (fake, asked) => (asked.at.issue === '7' ? page(fake, asked) : missing())},
  {on: `POST ${ISSUE}`, needs: 'pull-requests: write', answer: (fake, asked) => (asked.at.issue === '7' ? create(fake, asked) : missing())},
  {on: `GET ${COMMENT}`, needs: 'pull-requests: read', answer: (fake, asked) => one(fake, asked)},
  {on: `PATCH ${COMMENT}`, needs: 'pull-requests: write', answer: (fake, asked) => one(fake, asked)},
  {on: `DELETE ${COMMENT}`, needs: 'pull-requests: write', answer: (fake, asked) => one(fake, asked)}
]

const missing = () => refusal(404, 'Not Found')

function create(fake: FakeGitHub, {body}: Asked): Answer {
  const text = textOf(body, 'body')
  return tooLong(text) ?? {status: 201, body: shown(fake, fake.add(text))}
}

function one(fake: FakeGitHub, {method, body, at: {comment}}: Asked): Answer {
  const at = fake.comments.findIndex(({id}) => id === Number(comment))
  if (at < 0) return missing()
  if (method === 'GET') return {status: 200, body: shown(fake, fake.comments[at])}
  if (method === 'DELETE') {
    fake.comments.splice(at, 1)
    return {status: 204}
  }
  const bad = tooLong(textOf(body, 'body'))
  if (bad !== undefined) return bad
  fake.comments[at].body = textOf(body, 'body')
  return {status: 200, body: shown(fake, fake.comments[at])}
}

function tooLong(text: string): Answer | undefined {
  if (text.length <= HIGHEST && text !== '') return undefined
  const error = {
    resource: 'IssueComment',
    code: 'unprocessable',
    field: 'data',
    message: `Body is too long (maximum is ${HIGHEST} characters)`
  }
  return refusal(422, 'Validation Failed', {errors: [error]})
}

function page(fake: FakeGitHub, asked: Asked): Answer {
  const visible = fake.comments.toSorted((a, b) => a.id - b.id).slice(0, fake.comments.length - fake.lag)
  return paged(
    fake,
    asked,
    visible.map(comment => shown(fake, comment))
  )
}

function shown({url}: FakeGitHub, {id, body, login, createdAt}: FakeComment): object {
  return {
    id,
    node_id: `IC_${id}`,
    url: `${url}${REPO}/issues/comments/${id}`,
    html_url: `https://github.com/${REPOSITORY}/pull/7#issuecomment-${id}`,
    issue_url: `${url}${REPO}/issues/7`,
    body,
    user: account(url, login),
    created_at: createdAt,
    updated_at: createdAt,
    author_association: login.endsWith('[bot]') ? 'NONE' : 'CONTRIBUTOR',
    performed_via_github_app: null
  }
}
