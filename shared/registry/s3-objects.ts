import {UserError} from '#shared/errors'
import {parseBody, readBody} from '#shared/s3/body'
import type {Call, Connection} from '#shared/s3/connection'
import {listKeys} from '#shared/s3/listing'
import {parseKey} from './key.js'
import {insist, type Patience} from './retry.js'
import {type Condition, conditionalWrite} from './s3-condition.js'
import {probeConditions} from './s3-probe.js'
import type {ObjectStore, StoredObject} from './store.js'

const LARGEST_OBJECT = 64 << 20

/** Objects below a prefix; a tag is the ETag. The first write finds out whether the server heeds conditions. */
export function s3Objects(s3: Connection, prefix: string, patience: Patience): ObjectStore {
  let probed: Promise<void> | undefined
  const get = async (key: string): Promise<StoredObject | null> => await readObject(s3, `${prefix}${parseKey(key)}`)
  const put = async (key: string, bytes: Uint8Array, condition: Condition): Promise<string | null> => {
    const place = `${prefix}${parseKey(key)}`
    probed ??= probeConditions(s3, `${prefix}probe.json`)
    await probed.catch(error => {
      probed = undefined
      throw error
    })
    return await putConditionally(s3, place, bytes, condition, patience)
  }
  return {
    get,
    putIfAbsent: (key, bytes) => put(key, bytes, {IfNoneMatch: '*'}),
    putIfMatch: (key, bytes, tag) => put(key, bytes, {IfMatch: tag}),
    list: async listed => (await listKeys(s3, `${prefix}${listed}`)).map(key => key.slice(prefix.length)),
    delete: async key => {
      const Key = `${prefix}${parseKey(key)}`
      await s3.demand({
        action: 's3:DeleteObject',
        key: Key,
        send: async (client, {DeleteObjectCommand}, abortSignal) =>
          void (await client.send(new DeleteObjectCommand({Bucket: s3.bucket, Key}), {abortSignal}))
      })
    }
  }
}

type Outcome = {readonly tag: string | null}

/** The new tag, or null where the condition did not hold. An answer that leaves it open whether it was written is settled by reading back. */
async function putConditionally(
  s3: Connection,
  key: string,
  bytes: Uint8Array,
  condition: Condition,
  patience: Patience
): Promise<string | null> {
  const call = conditionalWrite(s3, key, bytes, condition)
  // Only after an answer that was none may what lies there be ours; else equal bytes are another writer's.
  let open = false
  let last = ''
  const settled = await insist(patience, async (): Promise<Outcome | undefined> => {
    const answer = await s3.ask(call)
    if ('value' in answer && answer.value !== '') return {tag: answer.value}
    const fault = 'fault' in answer ? answer.fault : undefined
    last = fault ? `${fault.status || ''} ${fault.code}`.trim() : 'an answer without an ETag'
    if (fault && !['refused', 'absent', 'passing'].includes(fault.kind)) throw s3.refusal(call, fault)
    open ||= fault === undefined || fault.kind === 'passing'
    if (fault?.status === 412 && !open) return {tag: null}
    const stored = await readObject(s3, key)
    if (open && stored?.bytes.equals(bytes)) return {tag: stored.tag}
    const holds = 'IfMatch' in condition ? stored?.tag === condition.IfMatch : stored === null
    return holds ? undefined : {tag: null}
  })
  if (settled) return settled.tag
  throw new UserError(`s3://${s3.bucket}/${key}: could not be written, and what lies there does not say why (last answer: ${last})`, {
    hint: 'Nothing was changed by half: run this again, which completes what was begun.'
  })
}

async function readObject(s3: Connection, key: string): Promise<StoredObject | null> {
  const call: Call<StoredObject> = {
    action: 's3:GetObject',
    key,
    send: async (client, {GetObjectCommand}, abortSignal) => {
      const {Body, ETag} = await client.send(new GetObjectCommand({Bucket: s3.bucket, Key: key}), {abortSignal})
      if (!ETag)
        throw new UserError(`s3://${s3.bucket}/${key}: the server names no ETag`, {hint: 'It is no S3 server that a registry can use.'})
      return {bytes: await readBody(parseBody(Body), LARGEST_OBJECT, abortSignal), tag: ETag}
    }
  }
  const answer = await s3.insist(call)
  if ('value' in answer) return answer.value
  if (answer.fault.kind === 'absent') return null
  throw s3.refusal(call, answer.fault)
}
