const MOST_REASONS = 5
const MOST_LETTERS = 500

/** Logs why a version fails, each reason once and at most five a version: enough to find the mistake, too little to fill a disk. */
export function failureLog(log: (line: string) => void): (version: string, reason: string) => void {
  const said = new Map<string, Set<string>>()
  return (version, reason) => {
    const reasons = said.get(version) ?? new Set()
    const line = reason.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MOST_LETTERS)
    if (reasons.has(line) || reasons.size >= MOST_REASONS) return
    said.set(version, reasons.add(line))
    const last = reasons.size === MOST_REASONS ? '; other reasons of this version are not logged' : ''
    log(`version ${version}: a prediction failed: ${line}; more like it are counted, not logged${last}`)
  }
}
