/** Codes into `values`, -1 where missing; values in order of first appearance. */
export interface Categorical {
  readonly codes: Int32Array
  readonly values: readonly string[]
}

/**
 * A growing column of codes, told apart by DuckDB's 64-bit hash of each cell, so that a text is decoded once for each distinct value.
 * Two of n distinct values share a hash with probability n² / 2^65.
 */
export function dictionary(expected = 0) {
  const values: string[] = []
  const table = hashTable()
  let codes = new Int32Array(Math.max(2048, expected))
  let size = 0
  return {
    /** `hashes`: two words a cell; `read` gives the cell's text, or null where it is missing. */
    add(hashes: Uint32Array, count: number, read: (index: number) => unknown): void {
      if (size + count > codes.length) codes = grown(codes, new Int32Array(Math.max(codes.length * 2, size + count)))
      for (let index = 0; index < count; index++) {
        const slot = table.find(hashes[2 * index], hashes[2 * index + 1])
        let code = table.codeAt(slot)
        if (code === UNUSED) {
          const value = read(index)
          code = value === null ? -1 : values.push(String(value)) - 1
          table.set(slot, hashes[2 * index], hashes[2 * index + 1], code)
        }
        codes[size + index] = code
      }
      size += count
    },
    categorical: (): Categorical => ({codes: codes.subarray(0, size), values})
  }
}

const UNUSED = -2

/** Open addressing over two 32-bit words; at most half full. */
function hashTable() {
  let mask = 1023
  let words = new Uint32Array(2048)
  let codes = new Int32Array(1024).fill(UNUSED)
  let used = 0
  const find = (low: number, high: number): number => {
    let slot = (low ^ (high * 31)) & mask
    while (codes[slot] !== UNUSED && (words[2 * slot] !== low || words[2 * slot + 1] !== high)) slot = (slot + 1) & mask
    return slot
  }
  const grow = () => {
    const old = {words, codes}
    mask = 2 * mask + 1
    words = new Uint32Array(2 * (mask + 1))
    codes = new Int32Array(mask + 1).fill(UNUSED)
    old.codes.forEach((code, slot) => {
      if (code === UNUSED) return
      const place = find(old.words[2 * slot], old.words[2 * slot + 1])
      words.set(old.words.subarray(2 * slot, 2 * slot + 2), 2 * place)
      codes[place] = code
    })
  }
  return {
    find,
    codeAt: (slot: number) => codes[slot],
    set(slot: number, low: number, high: number, code: number): void {
      words[2 * slot] = low
      words[2 * slot + 1] = high
      codes[slot] = code
      if (++used * 2 > mask) grow()
    }
  }
}

/** `to`, beginning with the items of `from`. */
export function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
