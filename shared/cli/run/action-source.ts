/** What stands in for a `uses:` on this machine. */
export type LocalAction =
  | {readonly kind: 'checkout' | 'setup-node' | 'upload-artifact' | 'download-artifact'}
  | {readonly kind: 'bundle'; readonly name: string}

const EQUIVALENTS = ['checkout', 'setup-node', 'upload-artifact', 'download-artifact'] as const

/** The equivalent of a `uses:`, or why there is none. `actions` are the names in this checkout. */
export function findAction(uses: string, actions: readonly string[]): LocalAction | string {
  const kind = EQUIVALENTS.find(one => uses.startsWith(`actions/${one}@`))
  if (kind !== undefined) return {kind}
  const name = /^(?:\.\/|[^/]+\/trainyard\/)actions\/([^/@]+)(?:@.+)?$/.exec(uses)?.[1]
  if (name === undefined) return 'this action is not run on this machine'
  return actions.includes(name) ? {kind: 'bundle', name} : `there is no such action; there are ${actions.join(', ')}`
}
