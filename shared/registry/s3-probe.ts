import {UserError} from '#shared/errors'
import type {Connection} from '#shared/s3/connection'
import {type Condition, conditionalWrite} from './s3-condition.js'

const DOCUMENT = Buffer.from(
  `${JSON.stringify({schema: 'urn:trainyard:probe:v1', about: 'Trainyard tries here whether this server heeds If-None-Match and If-Match.'})}\n`
)
const NEVER_A_TAG = '"00000000000000000000000000000000"'

/**
 * Tries whether the server heeds conditions, on one object that stays: two writes that it must refuse, and a third where the object was not there
 * yet. Throws UserError when it takes one of them.
 */
export async function probeConditions(s3: Connection, key: string): Promise<void> {
  // Asked again after a lost answer, the first may be refused by its own success.
  const made = await holds(s3, key, {IfNoneMatch: '*'})
  if (made && (await holds(s3, key, {IfNoneMatch: '*'}))) throw careless(s3, key, 'If-None-Match: *', 'created an object that was there')
  if (await holds(s3, key, {IfMatch: NEVER_A_TAG})) throw careless(s3, key, 'If-Match', 'replaced an object that had another ETag')
}

async function holds(s3: Connection, key: string, condition: Condition): Promise<boolean> {
  const call = conditionalWrite(s3, key, DOCUMENT, condition)
  const answer = await s3.insist(call)
  if ('value' in answer) return true
  if (answer.fault.kind === 'refused') return false
  if (answer.fault.status === 501) throw careless(s3, key, Object.keys(condition)[0], 'does not know the condition (501)')
  throw s3.refusal(call, answer.fault)
}

function careless({endpoint, bucket}: Connection, key: string, condition: string, what: string): UserError {
  return new UserError(`s3://${bucket}: ${endpoint ?? 'the server'} ignores conditions: with ${condition} it ${what} (tried on ${key})`, {
    hint: 'Two jobs would overwrite each other. Use a server with conditional writes, like AWS, MinIO or versitygw in a current version, or github.'
  })
}
