import {randomBytes} from 'node:crypto'
import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {giveBack, readReused} from '#shared/registry/chunk-pool'

const CHUNK = 1 << 20

function file(size: number): {path: string; bytes: Buffer} {
  const path = join(mkdtempSync(join(tmpdir(), 'trainyard-chunks-')), 'blob')
  const bytes = randomBytes(size)
  writeFileSync(path, bytes)
  return {path, bytes}
}

describe('readReused', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])(
    'reads %i bytes whole, whether its chunks are given back or kept',
    async size => {
      const {path, bytes} = file(size)
      const kept: Buffer[] = []
      for await (const chunk of readReused(path)) kept.push(chunk)
      expect(Buffer.concat(kept).equals(bytes)).toBe(true)
      const copies: Buffer[] = []
      for await (const chunk of readReused(path)) {
        copies.push(Buffer.from(chunk))
        giveBack([chunk])
      }
      expect(Buffer.concat(copies).equals(bytes)).toBe(true)
    }
  )

  test('reads again into what was given back, and never into what was not', async () => {
    const {path, bytes} = file(8 * CHUNK)
    const held: Buffer[] = []
    const memory = new Set<ArrayBufferLike>()
    let number = 0
    for await (const chunk of readReused(path)) {
      memory.add(chunk.buffer)
      if (number++ % 2 === 0) held.push(chunk)
      else giveBack([chunk])
    }
    expect(memory.size).toBeLessThan(8)
    expect(held.map((chunk, index) => chunk.equals(bytes.subarray(2 * index * CHUNK, (2 * index + 1) * CHUNK)))).toEqual([
      true,
      true,
      true,
      true
    ])
  })

  test('a part of a chunk that is given back takes nothing from who has the rest', async () => {
    const {path, bytes} = file(3 * CHUNK)
    const seen: Buffer[] = []
    for await (const chunk of readReused(path)) {
      seen.push(chunk)
      giveBack([chunk.subarray(0, CHUNK / 2), chunk.subarray(CHUNK / 2), Buffer.alloc(CHUNK)])
    }
    expect(Buffer.concat(seen).equals(bytes)).toBe(true)
  })
})
