import {UserError} from '#shared/errors'

const NAME = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/
const COUNTED = /^v([1-9][0-9]{0,8})$/
const SEMVER = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[a-z0-9-]+(?:\.[a-z0-9-]+)*)?$/
const LONGEST = 64

/** Throws UserError when any of the words that a publication goes by is none. */
export function checkWords({name, version, alias}: {readonly name: string; readonly version?: string; readonly alias?: string}): void {
  parseName(name)
  if (version !== undefined) parseVersion(version)
  if (alias !== undefined) parseAlias(alias)
}

/**
 * A model's name: 1 to 64 of `a-z 0-9 . _ -`, letters and digits at both ends. Lower case only, so that no two names differ in case alone.
 * Throws UserError.
 */
export function parseName(value: string): string {
  return parseWord('name', value)
}

/** An alias, spelled like a name; what reads as a version or a file is none. Throws UserError. */
export function parseAlias(value: string): string {
  const other = isVersion(value)
    ? 'a version'
    : value === 'none'
      ? 'no champion'
      : /\.(?:onnx|csv|parquet|jsonl)$/.test(value)
        ? 'a file'
        : null
  if (other) throw new UserError(`alias ${quote(value)}: reads as ${other}`, {kind: 'usage', hint: 'Choose a word, like champion.'})
  return parseWord('alias', value)
}

/** A version: `v<n>` or SemVer in lower case without build metadata. Throws UserError. */
export function parseVersion(value: string): string {
  if (isVersion(value) && value.length <= LONGEST) return value
  throw new UserError(`version ${quote(value)}: expected v<n> or SemVer, like v7, 1.4.0 or 2.0.0-rc.1, in lower case`, {
    kind: 'usage',
    hint: /^v\d+\.\d+\.\d+/.test(value) ? `Write ${value.slice(1)}.` : 'Leave it out for the next v<n>.'
  })
}

export function isVersion(value: string): boolean {
  return COUNTED.test(value) || SEMVER.test(value)
}

/** n of `v<n>`; 0 for SemVer. */
export function countOf(version: string): number {
  return Number(COUNTED.exec(version)?.[1] ?? 0)
}

function parseWord(what: string, value: string): string {
  if (value.length <= LONGEST && NAME.test(value) && !value.includes('..') && !value.endsWith('.lock')) return value
  const lower = value.toLowerCase()
  throw new UserError(`${what} ${quote(value)}: expected 1 to ${LONGEST} of a-z, 0-9, ".", "_" and "-", a letter or digit at both ends`, {
    kind: 'usage',
    hint: lower !== value && NAME.test(lower) ? `Write ${lower}: names that differ only in case would collide.` : `Choose another ${what}.`
  })
}

function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}
