/** What stands where the log names nobody: outside of a run, on a machine that tells no user. */
export const BY_HAND = 'by hand'

/** `by ada`, or `by hand` where nobody is named. */
export function byWhom(by: string): string {
  return by === '' ? BY_HAND : `by ${by}`
}
