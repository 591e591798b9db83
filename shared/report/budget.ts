/** A part of a document in ever shorter versions, each valid Markdown by itself; the last is what must stay (often nothing). */
export interface Section {
  readonly name: string
  /** the least important is shortened first */
  readonly importance: number
  readonly versions: readonly [string, ...string[]]
}

export interface Fitted {
  readonly text: string
  /** names of the sections that are not shown in full */
  readonly shortened: readonly string[]
}

/** Sections joined by blank lines, whole sections shortened by importance until `measure` of the text is within `budget`: never a cut inside one. */
export function fitTo(sections: readonly Section[], budget: number, measure: (text: string) => number = text => text.length): Fitted {
  const level = sections.map(() => 0)
  const order = sections.map((_, index) => index).toSorted((a, b) => sections[a].importance - sections[b].importance)
  const text = () =>
    sections
      .map(({versions}, index) => versions[level[index]])
      .filter(part => part !== '')
      .join('\n\n')
  for (const index of order) {
    while (measure(text()) > budget && level[index] < sections[index].versions.length - 1) level[index] += 1
  }
  return {text: text(), shortened: sections.filter((_, index) => level[index] > 0).map(({name}) => name)}
}
