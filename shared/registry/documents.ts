import {bytesBlob, sendBlob} from './blobs.js'
import type {Publication} from './publication.js'
import type {BlobOwner, Stores, Written} from './store.js'

const MOST_TOGETHER_BYTES = 8 << 20

interface SentDocument {
  readonly sha256: string
  readonly size: number
  readonly place: string
}

export interface DocumentSender {
  readonly along: readonly Written[]
  /** whether they are written with the manifest */
  readonly together: boolean
  readonly send: (label: string, bytes: Uint8Array) => Promise<SentDocument>
}

/**
 * How the documents of a version are sent: as blobs, or, where the store writes several keys in one change, as keys beside the manifest, to be
 * written with it (`along`). They count with the manifest in either case.
 */
export function documentSender({objects, blobs}: Stores, {evidence, profile}: Publication, owner: BlobOwner): DocumentSender {
  const size = [...evidence, ...(profile ? [profile] : [])].reduce((sum, {bytes}) => sum + bytes.length, 0)
  const together = objects.putTogether !== undefined && size <= MOST_TOGETHER_BYTES
  const along: Written[] = []
  return {
    along,
    together,
    send: async (label: string, bytes: Uint8Array): Promise<SentDocument> => {
      const blob = bytesBlob(label, bytes)
      const kept = {sha256: blob.sha256, size: blob.size}
      if (!together) return {...kept, place: await sendBlob(blobs, blob, owner)}
      const key = `blobs/sha256/${blob.sha256}`
      if (!along.some(other => other.key === key)) along.push({key, bytes})
      return {...kept, place: key}
    }
  }
}
