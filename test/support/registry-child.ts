import {writeFileSync} from 'node:fs'
import * as disk from 'node:fs/promises'
import {createInterface} from 'node:readline'
import {registryOn} from '#shared/registry/registry'
import type {ObjectStore, Stores} from '#shared/registry/store'
import {openPlace, type PlaceSpec} from './registry-places.js'
import {watchedFileSystem} from './watched-file-system.js'
import {watchedStores} from './watched-stores.js'

/** Where a process may kill itself: around the writes of any store, or before each call that changes the disk below a folder. */
export type Moment = 'before every write' | 'after every write' | 'before every call that changes the disk'

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
  /** kills itself at this write or call, counted from 1, and says in the file `seen` which one it was */
  readonly stop?: {readonly at: Moment; readonly number: number; readonly seen: string}
}

async function obey(order: Order): Promise<object> {
  const stores = await openToDie(order)
  return order.count === undefined ? await publish(order, stores) : await count(stores.objects, order.count)
}

async function openToDie({place, stop}: Order): Promise<Stores> {
  if (stop === undefined) return await openPlace(place)
  const die = (number: number, what: string): void => {
    if (number !== stop.number) return
    writeFileSync(stop.seen, what)
    process.kill(process.pid, 'SIGKILL')
  }
  if (stop.at === 'before every call that changes the disk') return await openPlace(place, watchedFileSystem(disk, die))
  return watchedStores(await openPlace(place), stop.at === 'before every write' ? {before: die} : {after: die})
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
