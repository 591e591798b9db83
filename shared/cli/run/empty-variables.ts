/** Says of each `vars.NAME` that the workflow reads, nobody gave, and the shell has: variables of the shell are no variables of the repository. */
export function emptyVariables(
  workflow: string,
  given: Readonly<Record<string, string>>,
  shell: Readonly<Record<string, string | undefined>>
): readonly string[] {
  const text = workflow.replace(/(?:^|\s)#.*$/gm, '')
  const names = new Set(Array.from(text.matchAll(/(?<![\w.-])vars\.([A-Za-z_]\w*)/g), ([, name]) => name))
  const known = new Set(Object.keys(given).map(name => name.toUpperCase()))
  return [...names]
    .filter(name => !known.has(name.toUpperCase()) && shell[name])
    .map(name => `vars.${name} is empty here: give --var ${name}=… (the ${name} of this shell is not taken over)`)
}
