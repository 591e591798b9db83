import {afterAll, beforeAll, expect} from 'vitest'
import {type FakeApart, fakeGitHubApart} from '../../support/github/apart.js'
import {registryRaces} from '../../support/registry-races.js'

let github: FakeApart
beforeAll(async () => {
  github = await fakeGitHubApart()
})
afterAll(async () => {
  const {misfits} = await github.seen()
  await github.close()
  expect(misfits).toEqual([])
})

registryRaces(
  'github',
  async () => {
    await github.beginAnew()
    return {kind: 'github', url: github.url}
  },
  {roundsAtOnePlace: 20, timeoutMs: 600_000}
)
