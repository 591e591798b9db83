import {closeSync, ftruncateSync, openSync, readSync, writeSync} from 'node:fs'
import {dirname} from 'node:path'
import {codeOf, messageOf, UserError} from '#shared/errors'
import {sha256File} from '#shared/files'
import type {Span} from '#shared/s3/download'
import {type Chunk, endsAsSaid} from './parquet-chunks.js'
import type {NamedFile} from './remote-s3.js'

/** A Parquet file of which only parts are here, each at its own place; the rest is holes. */
export interface Partial {
  /** absolute */
  readonly path: string
  readonly name: string
  /** bytes of the whole */
  readonly size: number
  /** of the whole: as the store names it, and once the whole is here by its bytes */
  readonly sha256: string
  /** where the footer begins */
  readonly footerAt: number
  /** bytes that are here; as many as `size` when the whole is, its digest proven */
  here(): number
  /** Brings chunks; the whole instead where that is hardly more, or where their pages are not as the footer says. */
  bring(chunks: readonly Chunk[] | 'all'): Promise<void>
  close(): void
}

/** Throws UserError where so many bytes are too many. */
export type Room = (bytes: number) => Promise<unknown>

/** up to here one copy is quicker than several questions */
const SMALLEST = 4 << 20
const TAIL_BYTES = 256 << 10
const WIDTH = 4
const MOST_SPANS = 1000
const GAP_BYTES = 1 << 20
/** from this share on the whole is brought, which proves its digest */
const HARDLY_MORE = 0.8

/** Begins a file with the ends of the other; undefined where the whole is small, has no ends of Parquet, or does not come in parts. */
export async function beginPartial(named: NamedFile, name: string, path: string, room: Room): Promise<Partial | undefined> {
  const {size, sha256} = named
  if (size < SMALLEST) return undefined
  const file = openSync(path, 'wx+')
  try {
    ftruncateSync(file, size)
    const target = {named, name, file, path}
    const footerAt = await copyEnds(target)
    if (footerAt !== undefined) return partialOf(target, room, {path, name, size, sha256, footerAt})
    closeSync(file)
    return undefined
  } catch (error) {
    closeSync(file)
    throw uncopied(name, dirname(path), error)
  }
}

interface Target {
  readonly named: NamedFile
  readonly name: string
  /** its descriptor */
  readonly file: number
  readonly path: string
}

function partialOf(target: Target, room: Room, known: Pick<Partial, 'path' | 'name' | 'size' | 'sha256' | 'footerAt'>): Partial {
  const {name, path, size, sha256} = known
  let here = 4 + Math.max(TAIL_BYTES, size - known.footerAt)
  const copyWhole = async (): Promise<void> => {
    await room(size)
    if (!(await copySpans(target, [{from: 0, end: size}])))
      throw new UserError(`${name}: the store sends parts of it no more`, {hint: 'Run this again.'})
    const got = await sha256File(path)
    if (got.sha256 !== sha256) throw otherBytes(name, sha256, got.sha256)
    here = size
  }
  const bring = async (chunks: readonly Chunk[] | 'all'): Promise<void> => {
    if (here === size) return
    const spans = chunks === 'all' ? [] : merged(chunks.map(({pages}) => pages))
    const bytes = spans.reduce((sum, {from, end}) => sum + end - from, 0)
    if (chunks === 'all' || here + bytes >= HARDLY_MORE * size) return await copyWhole()
    await room(bytes)
    if (!(await copySpans(target, spans)) || !chunks.every(chunk => endsAsSaid(target.file, chunk))) return await copyWhole()
    here += bytes
  }
  return {
    ...known,
    here: () => here,
    bring: async chunks => {
      await bring(chunks).catch(error => {
        throw uncopied(name, dirname(path), error)
      })
    },
    close: () => closeSync(target.file)
  }
}

/** Where the footer begins, which is here then. */
async function copyEnds(target: Target): Promise<number | undefined> {
  const {named, file} = target
  const {size} = named
  const tail = size - TAIL_BYTES
  const ends = [
    {from: 0, end: 4},
    {from: tail, end: size}
  ]
  if (!(await copySpans(target, ends))) return undefined
  const buffer = Buffer.alloc(8)
  readSync(file, buffer, 0, 8, size - 8)
  const footerAt = size - 8 - buffer.readUInt32LE(0)
  if (footerAt < 4 || buffer.toString('latin1', 4) !== 'PAR1') return undefined
  return footerAt >= tail || (await copySpans(target, [{from: footerAt, end: tail}])) ? footerAt : undefined
}

/** Copies spans to their own places, a few at a time; false when the store sends something else than them. */
async function copySpans(target: Target, spans: readonly Span[]): Promise<boolean> {
  const open = [...spans]
  let sent = true
  const work = async (): Promise<void> => {
    for (let span = open.shift(); span !== undefined; span = open.shift()) {
      if (await copySpan(target, span)) continue
      sent = false
      open.length = 0
    }
  }
  const workers = Array.from({length: WIDTH}, () =>
    work().catch(error => {
      open.length = 0
      throw error
    })
  )
  for (const ended of await Promise.allSettled(workers)) if (ended.status === 'rejected') throw ended.reason
  return sent
}

async function copySpan({named, name, file}: Target, span: Span): Promise<boolean> {
  const stream = await named.open(span)
  if (stream === null) return false
  let at = span.from
  for await (const chunk of stream) {
    if (at + chunk.length > span.end) throw other(name, span, 'more bytes')
    for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done, chunk.length - done, at + done)
    at += chunk.length
  }
  if (at < span.end) throw other(name, span, `${at - span.from} bytes`)
  return true
}

function other(name: string, {from, end}: Span, got: string): UserError {
  return new UserError(`${name}: asked for ${end - from} bytes from ${from} on, got ${got}`, {
    hint: 'Something between here and the store changes answers: look for a proxy, then run this again.'
  })
}

/** Sorted, each with what lies close behind it. */
function merged(spans: readonly Span[]): readonly Span[] {
  const sorted = [...spans].sort((a, b) => a.from - b.from)
  for (let gap = GAP_BYTES; ; gap *= 2) {
    const joined: Span[] = []
    for (const span of sorted) {
      const last = joined.at(-1)
      if (last !== undefined && span.from - last.end <= gap)
        joined[joined.length - 1] = {from: last.from, end: Math.max(last.end, span.end)}
      else joined.push(span)
    }
    if (joined.length <= MOST_SPANS) return joined
  }
}

export function otherBytes(name: string, expected: string, got: string): UserError {
  return new UserError(`${name}: other bytes came than the store has a digest of: expected sha256 ${expected}, got ${got}`, {
    hint: 'Something between here and the store changed them: look for a proxy, then run this again.'
  })
}

/** What kept bytes from being written below a folder, in words; an error that has them already as it is. */
export function uncopied(name: string, folder: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const full = ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')
  return new UserError(`${name}: could not be copied to ${folder} (${messageOf(error)})`, {
    hint: full ? 'Data from elsewhere is copied there first: free some space, or use a runner with a larger disk.' : 'Run this again.'
  })
}
