import {spawn} from 'node:child_process'
import {mkdtemp, rm} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {CreateBucketCommand, S3Client} from '@aws-sdk/client-s3'

export const KEYS = {AWS_ACCESS_KEY_ID: 'testkey', AWS_SECRET_ACCESS_KEY: 'testsecret123', AWS_REGION: 'us-east-1'}
export const BUCKET = 'trainyard-test'

/** A real S3 server on loopback with an empty bucket. */
export interface S3Server {
  readonly url: string
  /** what a registry there needs of the environment */
  readonly env: Readonly<Record<string, string>>
  /** where a server that keeps plain files keeps those of the bucket */
  readonly folder: string
  stop(): Promise<void>
}

export type Launch = (address: {readonly host: string; readonly port: number; readonly folder: string}) => {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** The real servers by name, each with its program. */
export const LAUNCHES = {
  versitygw:
    (program: string): Launch =>
    ({host, port, folder}) => ({
      argv: [program, '--port', `${host}:${port}`, '--quiet', 'posix', folder],
      env: {ROOT_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY}
    }),
  minio:
    (program: string): Launch =>
    ({host, port, folder}) => ({
      argv: [program, 'server', '--quiet', '--address', `${host}:${port}`, '--console-address', `${host}:0`, folder],
      env: {
        MINIO_ROOT_USER: KEYS.AWS_ACCESS_KEY_ID,
        MINIO_ROOT_PASSWORD: KEYS.AWS_SECRET_ACCESS_KEY,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off'
      }
    }),
  moto:
    (program: string): Launch =>
    ({host, port}) => ({argv: [program, '-H', host, '-p', String(port)]})
} as const

export async function startS3(launch: Launch): Promise<S3Server> {
  const host = '127.0.0.1'
  const port = await freePort(host)
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-s3-'))
  const {argv, env} = launch({host, port, folder})
  const child = spawn(argv[0], argv.slice(1), {
    env: {PATH: process.env.PATH, HOME: folder, ...env},
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder
  })
  let words = ''
  child.stderr.on('data', chunk => {
    words = `${words}${chunk}`.slice(-2000)
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const url = `http://${host}:${port}`
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, {recursive: true, force: true})
  }
  try {
    await makeBucket(url, () => child.exitCode !== null)
  } catch (error) {
    await stop()
    throw new Error(`${argv[0]} does not serve: ${words}`, {cause: error})
  }
  return {url, env: {...KEYS, AWS_ENDPOINT_URL_S3: url}, folder: join(folder, BUCKET), stop}
}

async function makeBucket(url: string, gone: () => boolean): Promise<void> {
  const client = clientOf(url)
  for (let tried = 0; ; tried++) {
    try {
      await client.send(new CreateBucketCommand({Bucket: BUCKET}), {abortSignal: AbortSignal.timeout(5000)})
      return
    } catch (error) {
      if (tried === 200 || gone()) throw error
      await pause(100)
    }
  }
}

export function clientOf(url: string): S3Client {
  return new S3Client({
    endpoint: url,
    region: KEYS.AWS_REGION,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {accessKeyId: KEYS.AWS_ACCESS_KEY_ID, secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY}
  })
}

async function freePort(host: string): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, host, () => resolve()))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
