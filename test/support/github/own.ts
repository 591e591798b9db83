import {expect, onTestFinished} from 'vitest'
import {type FakeGitHub, fakeGitHub} from './fake.js'

/** A fake of this test's own, closed with it; nothing that it was asked or answered may misfit GitHub's description. */
export async function ownFake(): Promise<FakeGitHub> {
  const fake = await fakeGitHub()
  onTestFinished(async () => {
    await fake.close()
    expect(fake.misfits).toEqual([])
  })
  return fake
}
