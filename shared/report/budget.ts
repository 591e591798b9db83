/** A part of a document in ever shorter versions, each valid Markdown by itself; the last is what must stay (often nothing). */
export interface Section {
  readonly name: string
  /** the least important is shortened first */
  readonly importance: number
  /** rendered only when they are looked at */
  readonly versions: readonly (() => string)[]
}

export interface Fitted {
  readonly text: string
  /** names of the sections that are not shown in full */
  readonly shortened: readonly string[]
}

const BETWEEN = '\n\n'

/**
 * Sections joined by blank lines, whole sections shortened by importance until the text measures at most `budget`: never a cut inside one.
 * `measure` must be additive, as length and bytes are.
 */
export function fitTo(sections: readonly Section[], budget: number, measure: (text: string) => number = text => text.length): Fitted {
  const level = sections.map(() => 0)
  const parts = sections.map(({versions}) => versions[0]())
  const weigh = (part: string) => (part === '' ? 0 : measure(part) + BETWEEN.length)
  let size = parts.reduce((sum, part) => sum + weigh(part), 0)
  const order = sections.map((_, index) => index).toSorted((a, b) => sections[a].importance - sections[b].importance)
  for (const index of order) {
    while (size > budget && level[index] < sections[index].versions.length - 1) {
      level[index] += 1
      const shorter = sections[index].versions[level[index]]()
      size += weigh(shorter) - weigh(parts[index])
      parts[index] = shorter
    }
  }
  return {
    text: parts.filter(part => part !== '').join(BETWEEN),
    shortened: sections.filter((_, index) => level[index] > 0).map(({name}) => name)
  }
}
