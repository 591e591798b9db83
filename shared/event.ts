/** The event that started a run, as far as it is looked at; everything in it comes from outside. */
export interface RunEvent {
  readonly name: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Why code of this event must not be trusted with credentials or machines; undefined when it may be. */
export function untrusted({name, payload}: RunEvent): string | undefined {
  if (name !== 'pull_request' && name !== 'pull_request_target') return undefined
  const pull = at(payload, 'pull_request')
  const head = at(pull, 'head')
  if (text(at(pull, 'user'), 'login') === 'dependabot[bot]') return 'this pull request is from Dependabot'
  const from = text(at(head, 'repo'), 'full_name')
  const to = text(at(payload, 'repository'), 'full_name') ?? text(at(at(pull, 'base'), 'repo'), 'full_name')
  if (at(at(head, 'repo'), 'fork') === true || from === undefined || (to !== undefined && from !== to)) {
    return `this pull request is from ${from === undefined ? 'a deleted fork' : 'a fork'}`
  }
  return undefined
}

/** The pull request that a run is about, or undefined. */
export function pullRequestNumber({payload}: RunEvent): number | undefined {
  const number = at(at(payload, 'pull_request'), 'number')
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

function text(value: unknown, key: string): string | undefined {
  const found = at(value, key)
  return typeof found === 'string' ? found : undefined
}
