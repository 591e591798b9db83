import {expect, test} from 'vitest'
import {placesOf} from '#shared/world'

const url = (env: Record<string, string>) => placesOf(env, '/work', new Date(0)).run.url

test.each([
  ['https://ghe.example', 'octo/wages'],
  ['https://github.com', 'local-octo/wages']
])('a run on %s of %s has its page', (server, repository) => {
  const env = {GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: '7'}
  expect(url(env)).toBe(`${server}/${repository}/actions/runs/7`)
})

test('a run on one’s own machine has no page, and is told from others', () => {
  const local = {GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'local/wages'}
  expect([url({...local, GITHUB_RUN_ID: '7'}), url({...local, GITHUB_RUN_ID: '8'})]).toEqual(['local run 7', 'local run 8'])
  expect(url({})).toBe('')
})
