/** What a person can mend. `message` puts the subject first, then what was expected and what came; `hint` says what to do next. */
export class UserError extends Error {
  readonly hint?: string
  readonly at?: Position
  /** `usage`: the inputs or files that describe the work are wrong. `measure`: the work could not be measured. */
  readonly kind: 'usage' | 'measure'

  constructor(
    message: string,
    {hint, at, kind = 'measure', cause}: {hint?: string; at?: Position; kind?: 'usage' | 'measure'; cause?: unknown} = {}
  ) {
    super(message, cause === undefined ? undefined : {cause})
    this.name = 'UserError'
    this.hint = hint
    this.at = at
    this.kind = kind
  }
}

/** A place in a file that a person wrote; lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** Several mistakes of one kind as one error, so that a person mends them all in one go. Throws nothing when there is none. */
export function throwAll(errors: readonly UserError[]): void {
  if (errors.length === 0) return
  if (errors.length === 1) throw errors[0]
  const kind = errors.every(error => error.kind === 'usage') ? 'usage' : 'measure'
  throw new UserError(errors.map(error => (error.hint ? `${error.message}\n  ${error.hint}` : error.message)).join('\n'), {
    kind,
    at: errors[0].at
  })
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code of a failed system call (`ENOENT`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}
