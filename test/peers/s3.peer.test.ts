import {existsSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {afterAll, beforeAll, describe} from 'vitest'
import {registryProtocol} from '../support/registry-protocol.js'
import {registryRaces} from '../support/registry-races.js'
import {freshPlace, s3Blobs} from '../support/s3-registry.js'
import {LAUNCHES, type S3Server, startS3} from '../support/s3-servers.js'
import {leftOut, program, python} from './found.js'

const beside = python && join(dirname(python), 'moto_server')

// The races need a server that settles them; of a second one some rounds tell. MinIO and moto list parts without their digests.
const SERVERS = [
  {name: 'versitygw', found: program('versitygw'), rounds: 200, resumes: true, vouches: true, proves: true, careless: false},
  {name: 'minio', found: program('minio'), rounds: 20, resumes: false, vouches: true, proves: true, careless: false},
  {
    name: 'moto',
    found: beside && existsSync(beside) ? beside : undefined,
    rounds: 0,
    resumes: false,
    vouches: false,
    proves: false,
    careless: true
  }
] as const

describe.each(SERVERS)('S3', ({name, found, rounds, ...traits}) => {
  describe.skipIf(found === undefined)(`on ${name}${leftOut({[name]: found})}`, () => {
    let server: S3Server
    beforeAll(async () => {
      server = await startS3(LAUNCHES[name](found ?? ''))
    })
    afterAll(() => server.stop())
    const fresh = async () => freshPlace(server)

    registryProtocol(name, fresh)
    s3Blobs(name, () => server, traits)
    if (rounds > 0) registryRaces(name, fresh, {rounds, timeoutMs: 600_000})
  })
})
