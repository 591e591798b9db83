import {existsSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {fakeGitHub} from '../support/github/fake.js'
import {leftOut} from './found.js'

const description = existsSync('test/peers/node_modules/@octokit/openapi') ? '@octokit/openapi' : undefined

// The tests of comments run beside this one, and check every answer against the description.
describe.skipIf(description === undefined)(`GitHub's description of its API${leftOut({'@octokit/openapi': description})}`, () => {
  test('is what the stand-in for GitHub is held to', async () => {
    const fake = await fakeGitHub()
    expect(fake.checked).toBe(true)
    const comments = `${fake.url}/repos/octo/wages/issues/7/comments`
    const made = await fetch(comments, {method: 'POST', body: JSON.stringify({body: 'a report'})})
    expect(made.status).toBe(201)
    await (await fetch(comments)).json()
    expect(fake.misfits).toEqual([])
    await (await fetch(comments, {method: 'POST', body: JSON.stringify({body: 7})})).text()
    expect(fake.misfits.join()).toMatch(/body: must be string/)
    await fake.close()
  })
})
