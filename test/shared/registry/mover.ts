import {createInterface} from 'node:readline'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'

/** A line of orders for somebody in a process of his own who moves champion back, or to a version. */
export interface Move {
  readonly root: string
  readonly by: string
  /** absent: roll back */
  readonly to?: {readonly version: string; readonly digest: string; readonly expected: number}
}

const now = () => new Date()

async function obey({root, by, to}: Move): Promise<object> {
  const registry = registryOn(folderStores(root, root, {now}), {now, random: Math.random, by, runUrl: ''})
  const champion = {name: 'wages', alias: 'champion', reason: `by ${by}`}
  if (to === undefined) return (await registry.rollBack(champion)).alias
  return await registry.moveAlias({...champion, ...to})
}

for await (const line of createInterface({input: process.stdin})) {
  const answer = await obey(JSON.parse(line)).catch(error => ({error: error instanceof Error ? error.message : String(error)}))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
