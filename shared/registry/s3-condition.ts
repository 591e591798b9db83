import type {Call, Connection} from '#shared/s3/connection'

/** What must hold of the key for a write to happen: nothing there, or the very object that was read. */
export type Condition = {readonly IfNoneMatch: '*'} | {readonly IfMatch: string}

/** One conditional write. The word of the server is its status; the fault of an answer that was none is left to who asks. */
export function conditionalWrite(s3: Connection, key: string, bytes: Uint8Array, condition: Condition): Call<string> {
  return {
    action: 's3:PutObject',
    key,
    send: async (client, {PutObjectCommand}, abortSignal) => {
      const command = new PutObjectCommand({
        Bucket: s3.bucket,
        Key: key,
        Body: bytes,
        ContentLength: bytes.length,
        ContentType: 'application/json',
        ...condition
      })
      const {ETag} = await client.send(command, {abortSignal})
      return ETag ?? ''
    }
  }
}
