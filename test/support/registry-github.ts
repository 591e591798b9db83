import {afterAll, beforeAll, expect} from 'vitest'
import {type FakeApart, fakeGitHubApart} from './github/apart.js'
import {registryRaces} from './registry-races.js'

/** Races over the registry of a repository on a fake GitHub, in a process of its own; nothing that it is asked or answers may misfit. */
export function githubRaces(rounds: number): void {
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
    {rounds, roundsAtOnePlace: 20, timeoutMs: 600_000}
  )
}
