/** The tag of a version's release. */
export function tagOf({name, version}: {readonly name: string; readonly version: string}): string {
  return `${name}@${version}`
}
