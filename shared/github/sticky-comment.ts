import type {Comment, Comments} from './comments.js'
import {isNewer, type Marker, markerText, parseMarker} from './marker.js'

export interface Sticky {
  readonly issue: number
  readonly marker: Marker
  /** first line is the marker's text */
  readonly body: string
}

export interface Stuck {
  /** `newer`: a later run has already written it, and nothing was changed */
  readonly result: 'created' | 'updated' | 'newer'
  readonly url?: string
  /** earlier comments of ours that could not be removed */
  readonly left?: number
}

/**
 * Writes the one comment of a slot: found over all pages by its marker and our login, made where there is none, the oldest kept where
 * two runs made one each. A comment of a later run is never overwritten. Throws ApiError.
 */
export async function stickComment(comments: Comments, sticky: Sticky): Promise<Stuck> {
  if (!sticky.body.startsWith(`${markerText(sticky.marker)}\n`)) throw new RangeError('the body must start with its marker')
  const login = await comments.login()
  const own = ownComments(await comments.list(sticky.issue), sticky.marker, login ?? UNKNOWN)
  if (own.some(comment => later(comment, sticky.marker))) return {result: 'newer', url: own[0].url}
  return own.length > 0 ? await replace(comments, sticky, own) : await create(comments, sticky)
}

/** Who writes with a job's own token, for servers that don't tell. */
const UNKNOWN = 'github-actions[bot]'

function ownComments(all: readonly Comment[], {slot}: Marker, login: string): readonly Comment[] {
  return all.filter(({body, author}) => author === login && parseMarker(body)?.slot === slot).toSorted((a, b) => a.id - b.id)
}

function later({body}: Comment, than: Marker): boolean {
  const marker = parseMarker(body)
  return marker !== undefined && isNewer(marker, than)
}

/** Makes the comment, then looks who else made one meanwhile: the list may lag behind, so ours is added to it. */
async function create(comments: Comments, sticky: Sticky): Promise<Stuck> {
  const made = await comments.create(sticky.issue, sticky.body)
  const listed = await comments.list(sticky.issue)
  const own = ownComments([...listed.filter(({id}) => id !== made.id), made], sticky.marker, made.author ?? UNKNOWN)
  const newer = own.find(comment => later(comment, sticky.marker))
  if (newer !== undefined) {
    // The oldest is where the later run puts its text: only a younger one of ours may go.
    if (own[0].id !== made.id) await comments.remove(made.id)
    return {result: 'newer', url: newer.url}
  }
  if (own.length < 2) return {result: 'created', url: made.url}
  return await replace(comments, sticky, own)
}

/** Puts the body into the oldest that is still there and removes the others of ours; a later run's text that came meanwhile stays. */
async function replace(comments: Comments, sticky: Sticky, own: readonly Comment[]): Promise<Stuck> {
  for (const [index, {id}] of own.entries()) {
    const now = await comments.read(id)
    if (now === undefined) continue
    if (later(now, sticky.marker)) return {result: 'newer', url: now.url}
    if (!(await comments.update(id, sticky.body)) || !(await stays(comments, sticky, id))) continue
    const left = await removeAll(comments, own.slice(index + 1))
    return {result: 'updated', url: now.url, left}
  }
  return await create(comments, sticky)
}

async function removeAll(comments: Comments, own: readonly Comment[]): Promise<number> {
  let left = 0
  for (const {id} of own) {
    await comments.remove(id).catch(() => {
      left += 1
    })
  }
  return left
}

/** An older run that read before we wrote may have written after us: read back, and write once more. False when it is gone. */
async function stays(comments: Comments, {marker, body}: Sticky, id: number): Promise<boolean> {
  const now = await comments.read(id)
  if (now === undefined) return false
  const found = parseMarker(now.body)
  return found === undefined || !isNewer(marker, found) || (await comments.update(id, body))
}
