import {stripVTControlCharacters} from 'node:util'
import {inert} from './inert.js'

/** Bounds on what one command may print; bytes. */
export interface OutputLimits {
  /** a longer line is cut */
  readonly lineBytes: number
  /** what comes after is counted and left out */
  readonly totalBytes: number
}

export const OUTPUT_LIMITS: OutputLimits = {lineBytes: 16 * 1024, totalBytes: 64 * 1024 * 1024}

const BAR_PAUSE_MS = 5000

/**
 * Cuts a byte stream into lines with bounded memory. A progress bar (`\r` without `\n`) leaves its last state, shown at most every five seconds
 * while no line ends. `take` gets the text of a line without its end.
 */
export function lineCutter(
  take: (line: string) => void,
  {limits = OUTPUT_LIMITS, now = Date.now}: {limits?: OutputLimits; now?: () => number} = {}
) {
  let held: Buffer[] = []
  let heldBytes = 0
  let lineBytes = 0
  let lastShown = now()

  const reset = (): void => {
    held = []
    heldBytes = 0
    lineBytes = 0
  }

  const keep = (part: Buffer): void => {
    const {fresh, overwrites} = afterBar(part, held)
    if (overwrites) reset()
    lineBytes += fresh.length
    const room = limits.lineBytes - heldBytes
    if (room <= 0) return
    const kept = Buffer.from(fresh.subarray(0, room))
    held.push(kept)
    heldBytes += kept.length
  }

  const show = (): void => {
    lastShown = now()
    take(lineText(held, lineBytes))
  }

  return {
    write(chunk: Buffer): void {
      let from = 0
      for (let end = chunk.indexOf(10, from); end >= 0; end = chunk.indexOf(10, from)) {
        if (end > from) keep(chunk.subarray(from, end))
        show()
        reset()
        from = end + 1
      }
      if (from < chunk.length) keep(chunk.subarray(from))
      if (heldBytes > 0 && endsWithReturn(held) && now() - lastShown >= BAR_PAUSE_MS) show()
    },
    end(): void {
      if (lineBytes > 0) show()
      reset()
    }
  }
}

/** What a carriage return leaves of a part of a line, and whether it overwrites what was held of that line before. */
function afterBar(part: Buffer, held: readonly Buffer[]): {fresh: Buffer; overwrites: boolean} {
  const text = lengthWithoutReturns(part)
  const bar = text > 0 ? part.lastIndexOf(13, text - 1) : -1
  return {fresh: bar >= 0 ? part.subarray(bar + 1) : part, overwrites: bar >= 0 || (text > 0 && endsWithReturn(held))}
}

function lineText(held: readonly Buffer[], lineBytes: number): string {
  const bytes = Buffer.concat(held)
  const text = bytes.toString('utf8').replace(/\r+$/, '')
  return lineBytes > bytes.length ? `${text.replace(/\uFFFD+$/, '')} … (a line of ${bytesText(lineBytes)}, cut)` : text
}

function lengthWithoutReturns(part: Buffer): number {
  let length = part.length
  while (length > 0 && part[length - 1] === 13) length--
  return length
}

function endsWithReturn(parts: readonly Buffer[]): boolean {
  const last = parts.at(-1)
  return last !== undefined && last[last.length - 1] === 13
}

/** A line without terminal escapes and with other control characters made visible. */
export function plainText(line: string): string {
  return stripVTControlCharacters(line).replace(
    /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]/g,
    char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  )
}

/** Makes lines of a foreign program harmless to the runner. What the program asks to have masked is masked from then on. */
export function neutraliser(): (line: string) => string {
  const secrets: string[] = []
  return line => {
    const asked = /^\s*::add-mask::(.*)$/.exec(line)
    if (asked)
      secrets.push(
        ...unescapeCommand(asked[1])
          .split(/\r?\n/)
          .filter(part => part.trim() !== '')
      )
    let text = line
    for (const secret of secrets) text = text.replaceAll(secret, '***')
    if (asked) text = '::add-mask::***'
    return inert(text)
  }
}

/** The text of a workflow command's data, as the runner reads it. */
export function unescapeCommand(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

/** `1.5 GB`, `20 kB`: sizes for people, in steps of 1000. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes * 1.0005) / 3))
  const value = bytes / 1000 ** step
  return `${step === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[step]}`
}
