/** The section of a version in a CHANGELOG in the form of Keep a Changelog; undefined when there is none, it has no date, or it says nothing. */
export function notesOf(changelog, version) {
  const heading = new RegExp(String.raw`^## \[${version.replaceAll('.', '\\.')}\] - \d{4}-\d{2}-\d{2}$`, 'm').exec(changelog)
  if (heading === null) return undefined
  const rest = changelog.slice(heading.index + heading[0].length)
  const section = rest.slice(0, /^(?:## |\[[^\]]+\]: )/m.exec(rest)?.index).trim()
  return section === '' ? undefined : section
}
