import {type ParseArgsConfig, parseArgs} from 'node:util'
import {UserError} from '#shared/errors'
import {meant} from '../suggestion.js'

type OptionSpec = NonNullable<ParseArgsConfig['options']>

/** What parseArgs refused, in words of ours: the option that is unknown, lacks its value or takes none, or the word that no option takes. */
export function optionMistake(args: readonly string[], options: OptionSpec, usage: string): UserError {
  const {tokens} = parseArgs({args: [...args], options, strict: false, allowPositionals: true, tokens: true})
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const {name, rawName, value, inlineValue} = token
    if (!Object.hasOwn(options, name)) {
      const near = meant(name, Object.keys(options))
      return mistake(`unknown option ${rawName}`, `${near === undefined ? '' : `did you mean --${near}? `}${usage}`)
    }
    if (options[name].type === 'boolean' && value !== undefined) return mistake(`${rawName}: takes no value, got ${value}`, usage)
    if (options[name].type === 'string' && value === undefined)
      return mistake(`${rawName}: expected a value, got the end of the line`, usage)
    if (value?.startsWith('-') && !inlineValue)
      return mistake(`${rawName}: expected a value, got ${value}`, `write ${rawName}=${value} if it is the value. ${usage}`)
  }
  const word = tokens.find(token => token.kind === 'positional')
  return mistake(word === undefined ? 'options: not understood' : `unexpected ${word.value}`, usage)
}

function mistake(message: string, hint: string): UserError {
  return new UserError(message, {kind: 'usage', hint})
}
