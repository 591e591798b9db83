import {expect, onTestFinished} from 'vitest'
import {fakeGitHub} from '../../support/github/fake.js'
import type {PlaceSpec} from '../../support/registry-places.js'
import {registryProtocol} from '../../support/registry-protocol.js'

registryProtocol('github', async (): Promise<PlaceSpec> => {
  const fake = await fakeGitHub()
  onTestFinished(async () => {
    await fake.close()
    expect(fake.misfits).toEqual([])
  })
  return {kind: 'github', url: fake.url}
})
