import {writeFileSync} from 'node:fs'
import {createInterface} from 'node:readline'
import {registryOn} from '#shared/registry/registry'
import type {ObjectStore, Stores} from '#shared/registry/store'
import {openPlace, type PlaceSpec} from './registry-places.js'
import {watchedStores} from './watched-stores.js'

/** A line of orders for a publisher in a process of its own. */
export interface Order {
  readonly place: PlaceSpec
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
  /** kills itself before or after this write of the stores, counted from 1, and says in the file `seen` which one it was */
  readonly stop?: {readonly when: 'before' | 'after'; readonly write: number; readonly seen: string}
}

async function obey(order: Order): Promise<object> {
  const stores = await openPlace(order.place)
  if (order.count !== undefined) return await count(stores.objects, order.count)
  const {stop} = order
  return await publish(order, stop === undefined ? stores : watchedStores(stores, {[stop.when]: dieAt(stop)}))
}

function dieAt({write, seen}: {write: number; seen: string}): (number: number, what: string) => void {
  return (number, what) => {
    if (number !== write) return
    writeFileSync(seen, what)
    process.kill(process.pid, 'SIGKILL')
  }
}

async function publish({by, publication}: Order, stores: Stores): Promise<object> {
  if (publication === undefined) throw new Error('nothing to publish')
  const registry = registryOn(stores, {now: () => new Date(), random: Math.random, by, runUrl: ''})
  const {version, digest, published} = await registry.publish({
    ...publication,
    evidence: [{action: 'evaluate', bytes: Buffer.from('{"about": "a test"}')}],
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
