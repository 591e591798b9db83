import {afterAll, beforeEach} from 'vitest'
import {type FakeS3, fakeS3} from './s3.js'

/** The stand-in of one file of tests: unspoilt before each of them, and stopped after the last. */
export async function ownS3(): Promise<FakeS3> {
  const fake = await fakeS3()
  beforeEach(() => {
    fake.spoil = () => undefined
  })
  afterAll(() => fake.stop())
  return fake
}
