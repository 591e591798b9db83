import {closeSync, fstatSync, openSync, readSync} from 'node:fs'
import {UserError} from '#shared/errors'
import {judgeFooter, MAX_DEPTH} from './parquet-footer.js'

const MAGIC_BYTES = 4
const MAX_FOOTER_BYTES = 256 << 20

/** Throws UserError when the ends of a file are not those of a readable Parquet file, or its footer nests deeper than DuckDB survives; the rest is DuckDB's to judge. */
export function refuseParquet(path: string, name: string): void {
  const descriptor = openSync(path, 'r')
  try {
    const size = fstatSync(descriptor).size
    if (size === 0) throw broken(name, 'the file is empty')
    const read = (at: number, length: number) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, Math.max(0, at)))
    }
    const head = read(0, MAGIC_BYTES).toString('latin1')
    if (head === 'PARE') throw encrypted(name)
    if (head !== 'PAR1') throw broken(name, 'is no Parquet file: it does not begin with PAR1')
    const tail = read(size - 8, 8)
    const magic = tail.subarray(4).toString('latin1')
    if (magic === 'PARE') throw encrypted(name)
    if (size < 12 || magic !== 'PAR1') throw broken(name, 'the Parquet file is cut short: it does not end with PAR1')
    const footer = tail.readUInt32LE(0)
    if (footer > size - 12) throw broken(name, `the Parquet footer claims ${footer} bytes of a file of ${size}`)
    if (footer > MAX_FOOTER_BYTES) throw broken(name, `the Parquet footer has ${footer} bytes, at most ${MAX_FOOTER_BYTES} are read`)
    const judged = judgeFooter(read(size - 8 - footer, footer))
    if (judged === 'damaged') throw broken(name, 'cannot be read: its footer is damaged')
    if (judged === 'too deep') throw tooDeep(name)
  } finally {
    closeSync(descriptor)
  }
}

function encrypted(name: string): UserError {
  return new UserError(`${name}: encrypted Parquet is not supported`, {
    hint: 'Write it without encryption for the check.',
    at: {file: name}
  })
}

function tooDeep(name: string): UserError {
  return new UserError(`${name}: nested deeper than ${MAX_DEPTH} levels`, {
    hint: 'Write a table of plain columns.',
    at: {file: name}
  })
}

function broken(name: string, what: string): UserError {
  return new UserError(`${name}: ${what}`, {hint: 'Write or download it anew; the upload may have been cut off.', at: {file: name}})
}
