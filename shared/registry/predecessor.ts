import type {LogEntry} from './log.js'

export interface Pointed {
  readonly version: string
  readonly digest: string
}

/**
 * Where an alias was before it came to where it is: what a rollback goes back to. A rollback takes back what it went back over, so that a second one
 * goes further back instead of forth again. Null: it never was anywhere else.
 */
export function predecessorOf(entries: readonly LogEntry[], alias: string): Pointed | null {
  const moves = entries.filter(entry => entry.alias === alias).toSorted((a, b) => a.generation - b.generation)
  const path: Pointed[] = []
  for (const {event, version, digest} of moves) {
    const before = event === 'rolled-back' ? path.findLastIndex(one => one.version === version && one.digest === digest) : -1
    if (before >= 0) path.splice(before + 1)
    else if (path.at(-1)?.digest !== digest || path.at(-1)?.version !== version) path.push({version, digest})
  }
  return path.at(-2) ?? null
}

/** Generations of an alias that the log does not tell of although it tells of later ones. */
export function missingGenerations(entries: readonly LogEntry[], alias: string): number[] {
  const there = new Set(entries.filter(entry => entry.alias === alias).map(({generation}) => generation))
  const last = Math.max(0, ...there)
  return Array.from({length: last}, (_, index) => index + 1).filter(generation => !there.has(generation))
}
