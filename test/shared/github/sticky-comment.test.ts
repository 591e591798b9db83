import {beforeEach, describe, expect, test} from 'vitest'
import {ApiError} from '#shared/github/api-error'
import {commentFailure} from '#shared/github/comment-failure'
import {openComments} from '#shared/github/comments'
import {isNewer, type Marker, markerText, parseMarker, slotOf} from '#shared/github/marker'
import {type Stuck, stickComment} from '#shared/github/sticky-comment'
import type {FakeGitHub} from '../../support/github/fake.js'
import {ownFake} from '../../support/github/own.js'

let github: FakeGitHub
beforeEach(async () => {
  github = await ownFake()
})

const MARKER: Marker = {slot: slotOf('wages'), runId: '500', attempt: 1}
const bodyOf = (marker: Marker, text = 'report') => `${markerText(marker)}\n${text} ${marker.runId}.${marker.attempt}`

function stick(
  marker: Marker = MARKER,
  {callMs = 2000, budgetMs = 20_000, issue = 7, text = 'report', paced = false} = {}
): Promise<Stuck> {
  const comments = openComments({apiUrl: github.url, token: 't', repository: 'octo/wages', callMs, budgetMs, secondMs: 10, paced, fetch})
  return stickComment(comments, {issue, marker, body: bodyOf(marker, text)})
}

/** The warning of an attempt that fails. */
async function failure(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => new Error('did not fail'),
    cause => cause
  )
  expect(error).toBeInstanceOf(ApiError)
  return commentFailure(error, 7)
}

const bodies = () => github.comments.map(({body}) => body)

describe('stickComment', () => {
  test('makes the comment, then updates it in place', async () => {
    const made = await stick()
    expect(made).toEqual({result: 'created', url: `https://github.com/octo/wages/pull/7#issuecomment-${github.comments[0].id}`})
    const later = {...MARKER, runId: '501'}
    expect((await stick(later)).result).toBe('updated')
    expect(bodies()).toEqual([bodyOf(later)])
  })

  test('finds it over all pages among 300 comments of others', async () => {
    for (let index = 0; index < 250; index += 1) github.add(`talk ${index}`, 'octocat')
    github.add(bodyOf({...MARKER, runId: '400'}))
    for (let index = 0; index < 49; index += 1) github.add(`talk ${index}`, 'octocat')
    expect((await stick()).result).toBe('updated')
    expect(github.comments).toHaveLength(300)
    expect(github.comments[250].body).toBe(bodyOf(MARKER))
    expect(github.requests.filter(line => line.includes('/issues/7/comments?'))).toHaveLength(3)
  })

  test('leaves a marker that somebody else wrote alone', async () => {
    const forged = github.add(bodyOf({...MARKER, runId: '999'}), 'octocat')
    expect((await stick()).result).toBe('created')
    expect(forged.body).toBe(bodyOf({...MARKER, runId: '999'}))
    expect(github.comments).toHaveLength(2)
  })

  test('leaves the comment of another report alone', async () => {
    const other = github.add(bodyOf({...MARKER, slot: slotOf('churn'), runId: '999'}))
    expect((await stick()).result).toBe('created')
    expect(other.body).toContain('999')
  })

  test.each([
    ['a later run', {...MARKER, runId: '1000'}],
    ['a later attempt', {...MARKER, attempt: 2}]
  ])('never overwrites %s', async (_, newer) => {
    github.add(bodyOf(newer))
    expect((await stick()).result).toBe('newer')
    expect(bodies()).toEqual([bodyOf(newer)])
    expect(github.requests.some(line => /^(POST \/repos|PATCH|DELETE)/.test(line))).toBe(false)
  })

  test('two made at once: the oldest stays with our text, ours goes', async () => {
    github.before = line => {
      if (line.startsWith('POST /repos') && github.comments.length === 0) github.add(bodyOf({...MARKER, runId: '499'}))
    }
    expect((await stick()).result).toBe('updated')
    expect(bodies()).toEqual([bodyOf(MARKER)])
  })

  test('two made at once, the other by a later run: ours goes', async () => {
    github.before = line => {
      if (line.startsWith('POST /repos') && github.comments.length === 0) github.add(bodyOf({...MARKER, runId: '501'}))
    }
    expect((await stick()).result).toBe('newer')
    expect(bodies()).toEqual([bodyOf({...MARKER, runId: '501'})])
  })

  test('two made at once, ours first and the other by a later run: ours stays for its text, so that one is left in the end', async () => {
    const later = {...MARKER, runId: '501'}
    let lists = 0
    github.before = line => {
      if (line.includes('/comments?') && ++lists === 2) github.add(bodyOf(later))
    }
    expect((await stick()).result).toBe('newer')
    expect(bodies()).toEqual([bodyOf(MARKER), bodyOf(later)])
    github.before = undefined
    await stick({...MARKER, runId: '502'})
    expect(bodies()).toEqual([bodyOf({...MARKER, runId: '502'})])
  })

  test('runs that come all at once never leave none, and one as soon as a run comes alone', async () => {
    for (let round = 0; round < 4; round += 1) {
      github.comments.length = 0
      const runs = ['500', '501', '502', '503'].map(runId => ({...MARKER, runId}))
      await Promise.all(runs.map(marker => stick(marker)))
      expect(bodies()).toContain(bodyOf(runs[3]))
      await stick({...MARKER, runId: '504'})
      expect(bodies()).toEqual([bodyOf({...MARKER, runId: '504'})])
    }
  })

  test('a later run that writes between list and update stays', async () => {
    const comment = github.add(bodyOf({...MARKER, runId: '400'}))
    github.before = line => {
      if (line.startsWith('GET /repos/octo/wages/issues/comments/')) comment.body = bodyOf({...MARKER, runId: '600'})
    }
    expect((await stick()).result).toBe('newer')
    expect(bodies()).toEqual([bodyOf({...MARKER, runId: '600'})])
  })

  test('an older run that writes right after us is written over', async () => {
    const comment = github.add(bodyOf({...MARKER, runId: '400'}))
    let updates = 0
    github.before = line => {
      if (line.startsWith('PATCH')) updates += 1
      else if (line.startsWith('GET /repos/octo/wages/issues/comments/') && updates === 1) comment.body = bodyOf({...MARKER, runId: '450'})
    }
    expect((await stick()).result).toBe('updated')
    expect(bodies()).toEqual([bodyOf(MARKER)])
    expect(updates).toBe(2)
  })

  test('a comment that is deleted meanwhile is made anew', async () => {
    github.add(bodyOf({...MARKER, runId: '400'}))
    github.before = line => {
      if (line.startsWith('PATCH')) github.comments.length = 0
    }
    expect((await stick()).result).toBe('created')
    expect(bodies()).toEqual([bodyOf(MARKER)])
  })

  test('a list that lags behind makes no second comment once it has caught up', async () => {
    github.add('talk', 'octocat')
    github.lag = 1
    expect((await stick()).result).toBe('created')
    github.lag = 0
    expect((await stick({...MARKER, runId: '501'})).result).toBe('updated')
    expect(github.comments).toHaveLength(2)
  })

  test('a comment that was made although the answer was 502 is found and not left double', async () => {
    github.faults.push({method: 'POST', path: /^\/repos/, applied: true, answer: {status: 502, body: '<html>Bad gateway</html>'}})
    expect((await stick()).result).toBe('updated')
    expect(bodies()).toEqual([bodyOf(MARKER)])
  })

  test('duplicates that may not be removed are counted, and the comment is written all the same', async () => {
    github.add(bodyOf({...MARKER, runId: '400'}))
    github.add(bodyOf({...MARKER, runId: '401'}))
    github.faults.push({method: 'DELETE', path: /./, answer: {status: 403, body: {message: 'Must have admin rights'}}})
    expect(await stick()).toMatchObject({result: 'updated', left: 1})
    expect(bodies()[0]).toBe(bodyOf(MARKER))
  })

  test('where GitHub does not tell our login, only comments of the job’s own token are taken for ours', async () => {
    github.faults.push({
      method: 'POST',
      path: /graphql/,
      times: 9,
      answer: {status: 403, body: {message: 'Resource not accessible by integration'}}
    })
    github.add(bodyOf({...MARKER, runId: '400'}), 'octocat')
    github.add(bodyOf({...MARKER, runId: '400'}))
    expect((await stick()).result).toBe('updated')
    expect(bodies()).toEqual([bodyOf({...MARKER, runId: '400'}), bodyOf(MARKER)])
  })

  test('refuses a body without its marker in front', async () => {
    const comments = openComments({apiUrl: github.url, token: 't', repository: 'octo/wages', fetch})
    await expect(stickComment(comments, {issue: 7, marker: MARKER, body: 'report'})).rejects.toThrow('the body must start with its marker')
    expect(github.requests).toEqual([])
  })
})

describe('what goes wrong', () => {
  const refused = (status: number, message: string) => ({status, body: {message, documentation_url: 'https://docs.github.com/rest'}})

  test('a read-only token: the exact lines to add', async () => {
    github.faults.push({method: 'POST', path: /^\/repos/, answer: refused(403, 'Resource not accessible by integration')})
    const text = await failure(stick())
    expect(text).toContain('The comment on pull request #7 was not written; the report is in the job')
    expect(text).toContain(
      'The token may not (403 Resource not accessible by integration). Add to the job:\npermissions:\n  contents: read\n  pull-requests: write\n'
    )
    expect(bodies()).toEqual([])
  })

  test('a locked pull request', async () => {
    github.faults.push({method: 'POST', path: /^\/repos/, answer: refused(403, 'Unable to create comment because issue is locked.')})
    expect(await failure(stick())).toContain('#7 is locked')
  })

  test('a pull request that is not there', async () => {
    expect(await failure(stick(MARKER, {issue: 8}))).toContain('GitHub finds no #7 that this token may see (404 Not Found)')
  })

  test('a token that is refused', async () => {
    github.faults.push({method: 'GET', path: /./, answer: refused(401, 'Bad credentials')})
    expect(await failure(stick())).toContain('GitHub refused the token (401 Bad credentials)')
  })

  test.each([
    ['502 with a page of HTML', {status: 502, body: '<!DOCTYPE html><html>Unicorn!</html>'}],
    ['a reset', 'reset'],
    ['a stall', 'stall'],
    ['a stall in the body', 'stall in the body']
  ] as const)('%s once is tried again', async (_, answer) => {
    github.faults.push({method: 'GET', path: /comments\?/, answer})
    expect((await stick(MARKER, {callMs: 200})).result).toBe('created')
  })

  test.each([
    [
      '502 with a page of HTML',
      {status: 502, body: '<!DOCTYPE html><html>Unicorn!</html>'},
      /GitHub answered 502 \(an answer that is not GitHub’s\)/
    ],
    ['a reset', 'reset', /GitHub gave no usable answer \(.+\)/],
    ['a stall', 'stall', /GitHub gave no usable answer \(.*(timeout|is spent).*\)/],
    [
      '200 with a page of HTML',
      {status: 200, body: '<html>Log in</html>'},
      /GitHub gave no usable answer \(an answer that is not GitHub’s\)/
    ],
    ['200 with half a list', {status: 200, body: [{}]}, /GitHub gave no usable answer \(an answer that is not a comment\)/]
  ] as const)('%s for good ends within the budget', async (_, answer, expected) => {
    github.faults.push({method: 'GET', path: /comments\?/, times: 99, answer})
    const start = performance.now()
    expect(await failure(stick(MARKER, {callMs: 300, budgetMs: 1000}))).toMatch(expected)
    expect(performance.now() - start).toBeLessThan(3000)
  })

  test('a secondary limit with retry-after is waited for', async () => {
    const body = {message: 'You have exceeded a secondary rate limit.'}
    github.faults.push({method: 'POST', path: /^\/repos/, answer: {status: 403, body, headers: {'retry-after': '2'}}})
    expect((await stick(MARKER, {paced: true})).result).toBe('created')
  })

  test('a primary limit whose reset has passed is tried again, a few times only', async () => {
    const body = {message: 'API rate limit exceeded'}
    const headers = {'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1'}
    github.faults.push({method: 'GET', path: /comments\?/, times: 99, answer: {status: 403, body, headers}})
    expect(await failure(stick(MARKER, {paced: true}))).toContain('GitHub limits how often this token may ask (API rate limit exceeded)')
    expect(github.requests.length).toBeLessThan(20)
  })

  test('a limit that outlasts the budget is not waited for', async () => {
    const reset = String(Math.floor(Date.now() / 1000) + 3600)
    const headers = {'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset}
    github.faults.push({
      method: 'GET',
      path: /comments\?/,
      times: 99,
      answer: {status: 429, body: {message: 'API rate limit exceeded'}, headers}
    })
    const start = performance.now()
    expect(await failure(stick(MARKER, {budgetMs: 1000, paced: true}))).toContain('GitHub limits how often')
    expect(performance.now() - start).toBeLessThan(3000)
  })

  test('a redirect is followed', async () => {
    github.faults.push({
      method: 'GET',
      path: /issues\/7\/comments/,
      answer: {status: 301, headers: {location: `${github.url}/repos/octo/wages/issues/7/comments?per_page=100`}}
    })
    github.faults.push({
      method: 'POST',
      path: /^\/repos/,
      answer: {status: 307, headers: {location: `${github.url}/repos/octo/wages/issues/7/comments`}}
    })
    expect((await stick()).result).toBe('created')
    expect(bodies()).toEqual([bodyOf(MARKER)])
  })

  test('a fault of our own is not told as GitHub’s', () => {
    expect(() => commentFailure(new TypeError('x is not a function'), 7)).toThrow('x is not a function')
  })
})

describe('marker', () => {
  test('is read back from the first line alone', () => {
    expect(parseMarker(bodyOf(MARKER))).toEqual(MARKER)
    expect(parseMarker(`hello\n${markerText(MARKER)}`)).toBeUndefined()
    expect(parseMarker('<!-- trainyard/v1 slot=zz run=1 attempt=1 -->')).toBeUndefined()
  })

  test('runs are ordered as numbers, then attempts', () => {
    expect(isNewer({...MARKER, runId: '1000'}, {...MARKER, runId: '999'})).toBe(true)
    expect(isNewer({...MARKER, attempt: 10}, {...MARKER, attempt: 9})).toBe(true)
    expect(isNewer(MARKER, MARKER)).toBe(false)
  })
})

test('the fake is held to GitHub’s description of its API where test/peers is installed', async () => {
  await stick()
  await stick({...MARKER, runId: '501'})
  console.log(github.checked ? 'checked against @octokit/openapi' : 'not checked: npm install in test/peers brings @octokit/openapi')
  expect(github.misfits).toEqual([])
})
