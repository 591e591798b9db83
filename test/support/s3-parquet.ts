import {createHash} from 'node:crypto'
import {DuckDBInstance} from '@duckdb/node-api'
import type {FakeS3} from './s3.js'

/** Writes the rows of a SELECT as Parquet of several row groups. */
export async function writeParquet(select: string, path: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', {threads: '1'})
  const connection = await instance.connect()
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 20480)`)
  connection.closeSync()
  instance.closeSync()
}

export function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** An object as somebody else has put it there; by default with the SHA-256 of the whole, none where that is empty. */
export function putObject(fake: FakeS3, key: string, bytes: Buffer, sha256 = Buffer.from(hexOf(bytes), 'hex').toString('base64')): void {
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
  fake.objects.set(key, {bytes, etag, ...(sha256 !== '' && {sha256})})
}
