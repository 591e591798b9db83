const MESSAGES: readonly (readonly [key: RegExp, message: (name: string, rest: string) => string])[] = [
  [/^models\/([^/]+)\/versions\/(.+)\.json$/, (name, version) => `Register ${name} ${version}`],
  [/^models\/([^/]+)\/aliases\/(.+)\.json$/, (name, alias) => `Point the alias ${alias} of ${name}`],
  [/^models\/([^/]+)\/retired\/(.+)\.json$/, (name, version) => `Retire ${name} ${version}`],
  [/^models\/([^/]+)\/log\/(.+)\.json$/, name => `Log what happened to ${name}`],
  [/^canaries\/(.{0,12}).*()$/, rollout => `Keep the state of rollout ${rollout}`]
]

/** What the branch's history says of a change. */
export function messageFor(key: string, removed: boolean): string {
  if (removed) return `Remove ${key}`
  for (const [pattern, message] of MESSAGES) {
    const [matched, first, second] = pattern.exec(key) ?? []
    if (matched !== undefined) return message(first, second)
  }
  return `Write ${key}`
}
