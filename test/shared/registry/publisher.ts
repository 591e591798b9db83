import {writeFileSync} from 'node:fs'
import * as disk from 'node:fs/promises'
import {createInterface} from 'node:readline'
import type {FileSystem} from '#shared/registry/durable'
import {folderStores} from '#shared/registry/folder'
import {registryOn} from '#shared/registry/registry'
import type {ObjectStore} from '#shared/registry/store'
import {watchedFileSystem} from '../../support/watched-file-system.js'

/** A line of orders for a publisher in a process of its own. */
export interface Order {
  readonly root: string
  readonly by: string
  readonly publication?: {
    readonly name: string
    readonly model: string
    readonly digest: string
    readonly version?: string
    readonly alias?: string
  }
  /** instead of publishing: adds one to a counter this many times by compare-and-swap */
  readonly count?: number
  /** kills itself before this call that changes the disk, counted from 1, and says in the file `seen` which one it was */
  readonly stop?: {readonly call: number; readonly seen: string}
}

function obey(order: Order): Promise<object> {
  const {root, stop} = order
  const fs = stop ? watchedFileSystem(disk, (call, what) => die(call, what, stop)) : disk
  return order.count === undefined ? publish(order, fs) : count(folderStores(root, root, {now, fs}).objects, order.count)
}

const now = () => new Date()

function die(call: number, what: string, stop: {call: number; seen: string}): void {
  if (stop.call !== call) return
  writeFileSync(stop.seen, what)
  process.kill(process.pid, 'SIGKILL')
}

async function publish({root, by, publication}: Order, fs: FileSystem): Promise<object> {
  const registry = registryOn(folderStores(root, root, {now, fs}), {now, random: Math.random, by, runUrl: ''})
  const evidence = [{action: 'evaluate', bytes: Buffer.from('{"about": "a test"}')}]
  if (!publication) throw new Error('nothing to publish')
  const {version, digest, published} = await registry.publish({
    ...publication,
    evidence,
    lineage: {materials: [], parent: null},
    reason: 'race'
  })
  return {version, digest, published}
}

async function count(objects: ObjectStore, times: number): Promise<object> {
  const key = 'canaries/counter.json'
  let lost = 0
  for (let done = 0; done < times; ) {
    const stored = await objects.get(key)
    const next = Buffer.from(String(Number(stored?.bytes.toString() ?? 0) + 1))
    const tag = stored ? await objects.putIfMatch(key, next, stored.tag) : await objects.putIfAbsent(key, next)
    if (tag === null) lost++
    else done++
  }
  return {lost}
}

for await (const line of createInterface({input: process.stdin})) {
  const answer = await obey(JSON.parse(line)).catch(error => ({error: error instanceof Error ? error.message : String(error)}))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
