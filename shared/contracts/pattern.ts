import {messageOf} from '#shared/errors'

/** Why a pattern cannot be searched for in time that grows only with the text; undefined when it can. Contracts write ECMA-262. */
export function refusePattern(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u')
  } catch (error) {
    return `the pattern ${pattern}: ${messageOf(error)}`
  }
  if (/\(\?<?[=!]/.test(pattern)) return `the pattern ${pattern}: look-around`
  if (/\\[1-9]|\\k</.test(pattern)) return `the pattern ${pattern}: back-references`
  if (/\\u|\\c/.test(pattern)) return `the pattern ${pattern}: \\u and \\c escapes; write the character itself`
  return undefined
}
