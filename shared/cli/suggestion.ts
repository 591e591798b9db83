import {distance} from 'fastest-levenshtein'
import {nearest} from '#shared/gates/validity'

/** The known word that was likely meant: one that holds the word whole, or differs in two letters or a third of them; undefined when none is near. */
export function meant(word: string, known: readonly string[]): string | undefined {
  const [first] = nearest(word, known)
  if (first === undefined) return undefined
  const whole = first.split(/[_-]/).includes(word)
  return whole || distance(word, first) <= Math.max(2, Math.floor(word.length / 3)) ? first : undefined
}

/** `Did you mean --data? ` before what else a hint says; nothing when no word is near. */
export function question(word: string, known: readonly string[], mark = ''): string {
  const near = meant(word, known)
  return near === undefined ? '' : `Did you mean ${mark}${near}? `
}
