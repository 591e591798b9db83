/** A mistake in one gate, at an offset from the start of its line. */
export class GateSyntaxError extends Error {
  constructor(
    message: string,
    readonly offset: number
  ) {
    super(message)
  }
}

/** A reading position in one line. */
export interface Cursor {
  blanks(): void
  done(): boolean
  /** the match of an anchored pattern, stepping over it */
  take(pattern: RegExp): string | undefined
  expect(pattern: RegExp, what: string): string
  /** the text between double quotes, `""` for one quote; undefined when none opens here */
  quoted(): string | undefined
  /** an error here, or `back` characters before */
  error(message: string, back?: number): GateSyntaxError
}

export function cursor(text: string): Cursor {
  let index = 0
  const rest = () => text.slice(index)
  const error = (message: string, back = 0) => new GateSyntaxError(message, Math.max(0, index - back))
  const take = (pattern: RegExp) => {
    const match = pattern.exec(rest())?.[0]
    if (match !== undefined) index += match.length
    return match
  }
  return {
    blanks: () => void take(/^\s+/),
    done: () => index >= text.length,
    take,
    expect: (pattern, what) => {
      const match = take(pattern)
      if (match === undefined || match.trim() === '') throw error(`expected ${what}, got ${shown(rest())}`)
      return match
    },
    quoted: () => {
      if (text[index] !== '"') return undefined
      const match = take(/^"(?:[^"\n]|"")*"/)
      if (match === undefined) throw error('this quote is not closed')
      return match.slice(1, -1).replaceAll('""', '"')
    },
    error
  }
}

function shown(rest: string): string {
  return rest.trim() === '' ? 'the end of the line' : `"${/^\S{1,20}/.exec(rest.trim())?.[0]}"`
}
