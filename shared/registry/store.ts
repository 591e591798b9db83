import type {Readable} from 'node:stream'

export interface StoredObject {
  readonly bytes: Buffer
  /** names these bytes under this key; some stores give the same bytes the same tag again, so what is swapped carries a generation */
  readonly tag: string
}

export interface Written {
  readonly key: string
  readonly bytes: Uint8Array
}

/** Small documents under keys like `models/wages/aliases/champion.json`. No key lies under another (`a` and `a/b`). */
export interface ObjectStore {
  get(key: string): Promise<StoredObject | null>
  /** Creates; null when there is one already, which stays as it is. Of several writers one gets a tag. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<string | null>
  /** Replaces what has this tag; null when it has another one by now. Of several writers with one tag one gets the new one. */
  putIfMatch(key: string, bytes: Uint8Array, tag: string): Promise<string | null>
  /** Where a store can: writes the first as the two above do and, in the same change, those of the others that are not there yet. */
  putTogether?(first: Written & {readonly tag: string | null}, others: readonly Written[]): Promise<string | null>
  /** Every key that starts with `prefix`, which ends with `/`, sorted. */
  list(prefix: string): Promise<readonly string[]>
  /** Unconditional; an absent key is no error. */
  delete(key: string): Promise<void>
}

/** On whose behalf a blob is kept: some stores file it there. */
export interface BlobOwner {
  readonly name: string
  readonly version: string
  /** of the version's model: publishers of one version with other models are told apart by it */
  readonly digest?: string
}

/** Large files by their SHA-256. What a manifest keeps of one is its place. */
export interface BlobStore {
  /** Throws UserError, before anything is sent, where the store can't take these files of a version. */
  admit?(files: readonly {readonly label: string; readonly size: number}[], owner: BlobOwner): void
  /** Versions that the store can't file anything new under, whatever the manifests say. */
  taken?(name: string): Promise<readonly string[]>
  /**
   * Sends a blob and returns its place. Nothing lies at the place before the whole stream has ended well; other bytes that lay there are replaced.
   * A store may leave the stream unread when the blob is there already; whoever calls reads it back before it counts.
   */
  put(sha256: string, size: number, stream: Readable, owner: BlobOwner): Promise<string>
  /**
   * Whether the store vouches, by a SHA-256 that it took of all that arrived, that these bytes lie at the place; false, or no such method: read
   * them back.
   */
  vouches?(place: string, sha256: string, size: number): Promise<boolean>
  get(place: string): Promise<Readable | null>
  /** Places of everything kept for the owner; a store that keeps one copy for all lists that. */
  list(owner: BlobOwner): Promise<readonly string[]>
  delete(place: string): Promise<void>
  /** Makes public what lies at these places, once the owner's manifest counts; again changes nothing. */
  seal?(owner: BlobOwner, places: readonly string[]): Promise<void>
  /** Removes what was put for an owner whose manifest another publisher wrote first, but not what lies at these places. */
  discard?(owner: BlobOwner, kept: readonly string[]): Promise<void>
  /** Removes what was made to hold these places of an owner, once nothing lies there any more; again changes nothing. What holds anything else stays. */
  vacate?(owner: BlobOwner, places: readonly string[]): Promise<void>
}

export interface Stores {
  /** as it was opened */
  readonly address: string
  readonly objects: ObjectStore
  readonly blobs: BlobStore
  /** each request counts against an allowance: what is done in turns is done less often */
  readonly metered?: boolean
  /** where a person finds what lies under a key */
  readonly urlOf: (key: string) => string
}
