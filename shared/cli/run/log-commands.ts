import {unescapeCommand} from '#shared/process/output'

/** What the runner would show beside a file or in the list of a run. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly message: string
  readonly title?: string
  readonly file?: string
  readonly line?: number
}

export type LogEntry =
  | {readonly kind: 'text' | 'group' | 'debug'; readonly text: string}
  | {readonly kind: 'annotation'; readonly annotation: Annotation}
  | {readonly kind: 'mask'; readonly secret: string}
  | {readonly kind: 'nothing'}

const REFUSED: Readonly<Record<string, string>> = {
  'set-output': 'GITHUB_OUTPUT',
  'save-state': 'GITHUB_STATE',
  'set-env': 'GITHUB_ENV',
  'add-path': 'GITHUB_PATH'
}

/** Reads the lines of one step as the runner does: workflow commands become entries, and between `::stop-commands::TOKEN` and `::TOKEN::` nothing is a command. */
export function logReader(): (line: string) => LogEntry {
  let stopped: string | undefined
  return line => {
    const match = /^\s*::([^\s:]+)(?:\s+(.*?))?::(.*)$/s.exec(line)
    if (match === null) return {kind: 'text', text: line}
    const [, name, properties, data] = match
    if (stopped !== undefined) {
      if (name !== stopped) return {kind: 'text', text: line}
      stopped = undefined
      return {kind: 'nothing'}
    }
    if (name === 'stop-commands') {
      stopped = data
      return {kind: 'nothing'}
    }
    return entryOf(name, propertiesOf(properties ?? ''), unescapeCommand(data)) ?? {kind: 'text', text: line}
  }
}

function entryOf(name: string, properties: Readonly<Record<string, string>>, text: string): LogEntry | undefined {
  switch (name) {
    case 'error':
    case 'warning':
    case 'notice':
      return {kind: 'annotation', annotation: annotationOf(name, properties, text)}
    case 'group':
      return {kind: 'group', text}
    case 'debug':
      return {kind: 'debug', text}
    case 'add-mask':
      return {kind: 'mask', secret: text}
    case 'endgroup':
    case 'echo':
    case 'add-matcher':
    case 'remove-matcher':
      return {kind: 'nothing'}
  }
  const file = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined
  return file === undefined
    ? undefined
    : {kind: 'annotation', annotation: {level: 'error', message: `::${name} is refused: append to the file in $${file}`}}
}

function annotationOf(level: Annotation['level'], {file, line, title}: Readonly<Record<string, string>>, message: string): Annotation {
  const number = Number(line)
  return {level, message, ...(title && {title}), ...(file && {file}), ...(Number.isInteger(number) && number > 0 && {line: number})}
}

function propertiesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').flatMap(pair => {
      const at = pair.indexOf('=')
      if (at < 1) return []
      const value = unescapeCommand(
        pair
          .slice(at + 1)
          .replaceAll('%3A', ':')
          .replaceAll('%2C', ',')
      )
      return [[pair.slice(0, at).trim(), value]]
    })
  )
}
