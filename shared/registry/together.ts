import type {ObjectStore, Written} from './store.js'

/** Writes a document by its tag, null for none; a store that can writes the others in the same change, so that nothing comes between. */
export async function putTogether(
  objects: ObjectStore,
  first: Written & {readonly tag: string | null},
  others: readonly Written[]
): Promise<string | null> {
  if (objects.putTogether !== undefined) return await objects.putTogether(first, others)
  const {key, bytes, tag} = first
  return tag === null ? await objects.putIfAbsent(key, bytes) : await objects.putIfMatch(key, bytes, tag)
}
