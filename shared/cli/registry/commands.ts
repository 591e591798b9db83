import type {Asker} from './question.js'

interface RegistryCommand {
  /** for the list of commands */
  readonly words: string
  readonly about: string
  load(): Promise<(args: readonly string[], asker: Asker) => Promise<number>>
}

/** What is asked of a registry, by the command's name. */
export const REGISTRY_COMMANDS: Readonly<Record<string, RegistryCommand>> = {
  history: {
    words: 'history [name] [--at <when>]',
    about: 'what happened to a model; what was champion then',
    load: async () => (await import('./history.js')).historyCommand
  },
  compare: {
    words: 'compare <version> <version>',
    about: 'two versions side by side, from their evidence',
    load: async () => (await import('./compare.js')).compareCommand
  },
  fetch: {
    words: 'fetch <version or alias>',
    about: 'bring a version back, every byte checked',
    load: async () => (await import('./fetch.js')).fetchCommand
  },
  rollback: {
    words: 'rollback [name] --reason "…"',
    about: 'move champion back to the version before',
    load: async () => (await import('./rollback.js')).rollbackCommand
  },
  retire: {
    words: 'retire [name] --keep <n>',
    about: 'remove versions that nothing needs; a dry run first',
    load: async () => (await import('./retire.js')).retireCommand
  }
}
