import {UserError} from '#shared/errors'

const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

/** A key as every store can carry it. Throws UserError on what could lead out of the registry. */
export function parseKey(key: string): string {
  if (KEY.test(key)) return key
  throw new UserError(`${JSON.stringify(key)}: no key of a registry`, {hint: 'Keys are made of names and versions.'})
}
