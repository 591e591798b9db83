const ATTEMPTS = 8
const FIRST_MS = 50
const LONGEST_MS = 2000

/** What a bounded repetition needs of the world. */
export interface Patience {
  /** in [0, 1) */
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
}

/**
 * Tries until an attempt returns something other than undefined, at most eight times, with pauses drawn from [0, 50 ms · 2^attempt], 2 s at most.
 * Undefined when none did: somebody else won each time.
 */
export async function insist<T>({random, sleep}: Patience, attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let tried = 0; tried < ATTEMPTS; tried++) {
    if (tried > 0) await sleep(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** tried))
    const result = await attempt()
    if (result !== undefined) return result
  }
  return undefined
}
