import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {PutObjectCommand} from '@aws-sdk/client-s3'
import {describe, expect, onTestFinished, test} from 'vitest'
import {openTable} from '../../shared/tables/table.js'
import {temporaryFolder} from '../support/registry.js'
import {fakeS3} from '../support/s3.js'
import {hexOf, putObject, writeParquet} from '../support/s3-parquet.js'
import {BUCKET, clientOf, LAUNCHES, startS3} from '../support/s3-servers.js'
import {leftOut, program, python} from './found.js'
import {ask} from './oracle.js'

const ADDRESS = `s3://${BUCKET}/t.parquet`

async function tableAt(path: string, env: Readonly<Record<string, string>> = {}) {
  const tempDir = await temporaryFolder()
  return openTable({paths: [path], cwd: tempDir, limits: {tempDir}, remote: {env, fetch, random: () => 0}, byColumns: true})
}

/** Column after column of an object, as they are in the file; and then a question of all. */
async function expectAlike(local: string, env: Readonly<Record<string, string>>) {
  const [near, far] = [await tableAt(local), await tableAt(ADDRESS, env)]
  const some = far.names.filter(name => name !== 'wide')
  for (const name of some) expect((await far.fetch([name])).text(name)).toEqual((await near.fetch([name])).text(name))
  expect(await far.rowHashes(some)).toEqual(await near.rowHashes(some))
  const [digest] = await far.digests()
  expect(digest).toMatchObject({sha256: hexOf(readFileSync(local)), named: expect.stringContaining(' MB')})
  const filtered = (relation: string) => `SELECT count(*) AS n, min(wide) AS w FROM ${relation} WHERE id = 777 OR s = 'g77'`
  expect(await far.select(filtered)).toEqual(await near.select(filtered))
  expect((await far.digests())[0].named).toBeUndefined()
  near.close()
  far.close()
}

describe.skipIf(python === undefined)(`Parquet of pyarrow by its columns${leftOut({python})}`, {timeout: 120_000}, () => {
  test.each([
    'as pyarrow does by itself',
    'with page indexes, bloom filters and checksums, pages of version 2',
    'without dictionaries and compression',
    'with zstd and split bytes'
  ])('%s', async how => {
    const path = join(await temporaryFolder(), 't.parquet')
    ask<number>('parquet-writer.py', {path, how})
    const fake = await fakeS3()
    onTestFinished(() => fake.stop())
    putObject(fake, 't.parquet', readFileSync(path))
    await expectAlike(path, fake.env)
  })
})

describe.each(['versitygw', 'minio'] as const)('Parquet by its columns', name => {
  const found = program(name)
  test.skipIf(found === undefined)(`from ${name}${leftOut({[name]: found})}`, {timeout: 60_000}, async () => {
    const server = await startS3(LAUNCHES[name](found ?? ''))
    onTestFinished(() => server.stop())
    const path = join(await temporaryFolder(), 't.parquet')
    await writeParquet(
      `SELECT i AS id, 'g' || i % 500 AS s, md5(i::VARCHAR) || md5(i || 'a') AS wide, i % 2 = 0 AS y FROM range(80000) r(i)`,
      path
    )
    const Body = readFileSync(path)
    const ChecksumSHA256 = Buffer.from(hexOf(Body), 'hex').toString('base64')
    await clientOf(server.url).send(new PutObjectCommand({Bucket: BUCKET, Key: 't.parquet', Body, ChecksumSHA256}))
    await expectAlike(path, server.env)
  })
})
