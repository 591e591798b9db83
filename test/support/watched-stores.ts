import type {BlobStore, ObjectStore, Stores} from '#shared/registry/store'

/** Stores that call `before` and `after` around every write, with the number of writes so far, so that a test may stop there. */
export function watchedStores(
  stores: Stores,
  hooks: {readonly before?: (write: number, what: string) => void; readonly after?: (write: number, what: string) => void}
): Stores {
  let writes = 0
  const watched =
    <A extends unknown[], R>(what: string, write: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const number = ++writes
      const label = `${what} ${String(given[0])}`
      hooks.before?.(number, label)
      const result = await write(...given)
      hooks.after?.(number, label)
      return result
    }
  const {objects, blobs} = stores
  const together: NonNullable<ObjectStore['putTogether']> = (first, others) =>
    objects.putTogether?.(first, others) ?? objects.putIfAbsent(first.key, first.bytes)
  const watchedObjects: ObjectStore = {
    ...objects,
    putIfAbsent: watched('putIfAbsent', objects.putIfAbsent),
    putIfMatch: watched('putIfMatch', objects.putIfMatch),
    delete: watched('delete', objects.delete),
    ...(objects.putTogether && {
      putTogether: (first, others) => watched(`putTogether ${first.key}`, (given: typeof first) => together(given, others))(first)
    })
  }
  const watchedBlobs: BlobStore = {
    ...blobs,
    put: watched('put', blobs.put),
    delete: watched('delete', blobs.delete),
    ...(blobs.seal && {seal: watched('seal', blobs.seal)}),
    ...(blobs.vacate && {vacate: watched('vacate', blobs.vacate)})
  }
  return {...stores, objects: watchedObjects, blobs: watchedBlobs}
}
