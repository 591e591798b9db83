/** Secrets of one run, and their removal from text. */
export interface Masks {
  readonly add: (secret: string) => void
  readonly hide: (text: string) => string
}

/** Masks the given secrets, each of their lines, and what is added later, longest first. */
export function masks(secrets: readonly string[]): Masks {
  const known = new Set<string>()
  let ordered: string[] = []
  const add = (secret: string): void => {
    for (const part of [secret, ...secret.split(/\r?\n/)]) if (part.trim() !== '') known.add(part)
    ordered = [...known].sort((a, b) => b.length - a.length)
  }
  for (const secret of secrets) add(secret)
  return {add, hide: text => ordered.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text)}
}
