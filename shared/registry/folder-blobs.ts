import {createHash} from 'node:crypto'
import {basename, join} from 'node:path'
import type {Readable} from 'node:stream'
import {UserError} from '#shared/errors'
import {CHUNK_BYTES} from './chunk-pool.js'
import {type FileSystem, unlessAbsent, writeThrough} from './durable.js'
import type {BlobStore} from './store.js'

const FOLDER = 'blobs/sha256'

/** Blobs of a folder registry: one copy of each content for all models, `blobs/sha256/<hex>`. */
export function folderBlobs(root: string, fs: FileSystem, now: () => Date): BlobStore {
  const pathOf = (place: string): string => {
    if (!/^blobs\/sha256\/[0-9a-f]{64}$/.test(place))
      throw new UserError(`${JSON.stringify(place)}: no place of a blob in a folder`, {
        hint: 'The manifest was written for another registry.'
      })
    return join(root, place)
  }
  const get = async (place: string): Promise<Readable | null> => {
    const file = await fs.open(pathOf(place), 'r').catch(unlessAbsent(pathOf(place)))
    return file ? file.createReadStream({highWaterMark: CHUNK_BYTES}) : null
  }
  return {
    get,
    put: async (sha256, _size, stream) => {
      const place = `${FOLDER}/${sha256}`
      const path = pathOf(place)
      if ((await contentOf(await get(place))) === sha256) {
        stream.destroy()
        return place
      }
      await writeThrough(fs, path, now, async temporary => {
        const file = await fs.open(temporary, 'wx')
        try {
          // Each goes where the last one ended.
          for await (const chunk of stream) await file.writeFile(chunk)
          await file.sync()
        } finally {
          await file.close()
        }
        // The name is the content: whatever lies there is either the same or damaged.
        await fs.rename(temporary, path)
      })
      return place
    },
    list: async () => {
      const names = (await fs.readdir(join(root, FOLDER)).catch(unlessAbsent(join(root, FOLDER)))) ?? []
      return names.filter(name => /^[0-9a-f]{64}$/.test(name)).map(name => `${FOLDER}/${basename(name)}`)
    },
    delete: async place => {
      await fs.unlink(pathOf(place)).catch(unlessAbsent(pathOf(place)))
    }
  }
}

async function contentOf(stream: Readable | null): Promise<string | null> {
  if (!stream) return null
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}
