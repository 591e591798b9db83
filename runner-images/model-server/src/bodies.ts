import {createHash, randomBytes} from 'node:crypto'
import {mkdir, open, rename, unlink} from 'node:fs/promises'
import type {IncomingMessage} from 'node:http'
import {dirname, join} from 'node:path'
import {Refusal} from './answers.js'

/** The body of a request as JSON; throws Refusal 413 over `limit` bytes and 400 when it is no JSON. */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const chunks: Buffer[] = []
  await readChunks(request, limit, chunk => void chunks.push(chunk))
  const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new Refusal(400, `body: expected JSON, got ${body.length} bytes that are none`)
  }
}

/**
 * Writes the body to `path`, hashed while it is read; the file appears under its name only when its SHA-256 is `digest`, and is on disk then.
 * Throws Refusal 413 over `limit` bytes and 422 when the digest is another. Returns bytes.
 */
export async function storeBody(request: IncomingMessage, path: string, digest: string, limit: number): Promise<number> {
  await mkdir(dirname(path), {recursive: true})
  const temporary = join(dirname(path), `tmp-${process.pid}-${randomBytes(6).toString('hex')}`)
  const hash = createHash('sha256')
  const file = await open(temporary, 'wx')
  try {
    const size = await readChunks(request, limit, async chunk => {
      hash.update(chunk)
      await file.writeFile(chunk)
    })
    await file.sync()
    const got = hash.digest('hex')
    if (got !== digest) throw new Refusal(422, `body: expected SHA-256 ${digest}, got ${got} (${size} bytes)`)
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return size
  } finally {
    await file.close()
    await unlink(temporary).catch(() => undefined)
  }
}

// A rename is on disk only when its folder is.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function readChunks(request: IncomingMessage, limit: number, take: (chunk: Buffer) => void | Promise<void>): Promise<number> {
  const tooLarge = () => new Refusal(413, `body: larger than ${limit} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  let size = 0
  // iterator() with destroyOnReturn false: a thrown Refusal must still be answered on this connection.
  for await (const chunk of request.iterator({destroyOnReturn: false})) {
    size += chunk.length
    if (size > limit) throw tooLarge()
    await take(chunk)
  }
  return size
}
