import {existsSync} from 'node:fs'
import {resolve} from 'node:path'
import {UserError} from '#shared/errors'
import {shownPath} from '#shared/inputs'
import {type Asker, COMMON_USAGE, parseQuestion, parseVersionWord, type QuestionSpec, resolveVersion} from './question.js'

const SPEC: QuestionSpec = {
  words: '[<name>@]<version or alias>',
  options: {to: {type: 'string'}, data: {type: 'boolean'}},
  usage: `trainyard fetch [<name>@]<version or alias> [--to <folder>] [options]

Brings a version back and checks every byte. The model comes to <folder>/model-<first 12 digits of its digest>/.

  --to <folder>         default: the working directory
  --data                its data too, where publish kept them (keep-data: true), to <folder>/data-<version>/
${COMMON_USAGE}

Exit codes: 0 it is there, every byte checked, 2 usage, 3 it could not be brought`
}

/** `trainyard fetch`: prints the path and the digest. What lies at the target already is checked, and never overwritten. */
export async function fetchCommand(args: readonly string[], asker: Asker): Promise<number> {
  const question = parseQuestion('fetch', args, SPEC, asker)
  if (question === null) return 0
  const [word, ...more] = question.words
  if (word === undefined || more.length > 0)
    throw new UserError(`fetch: expected one version, got ${more.length > 0 ? question.words.join(' ') : 'none'}`, {
      kind: 'usage',
      hint: `trainyard fetch ${SPEC.words}`
    })
  const wanted = parseVersionWord(word)
  const {registry, name} = await question.open(wanted.name)
  const version = await resolveVersion(registry, name, wanted.version)
  const folder = resolve(asker.cwd, question.text('to') ?? '.')
  const {path, digest} = await registry.fetch(name, version, folder)
  const dataFolder = resolve(folder, `data-${version}`)
  const json = question.flag('json')
  const shown = shownPath(path, asker.cwd)
  // What is there is said at once: the data may not come.
  if (!json) for (const line of [`${name} ${version}`, `path: ${shown}`, `digest: ${digest}`]) asker.print(line)
  const data = question.flag('data') ? await fetchData() : []
  if (json) asker.print(JSON.stringify({name, version, digest, path, data}, undefined, 2))
  else for (const file of data) asker.print(`data: ${shownPath(file, asker.cwd)}`)
  return 0

  async function fetchData(): Promise<readonly string[]> {
    if (existsSync(dataFolder))
      throw new UserError(`${dataFolder}: is there already, and nothing is overwritten`, {
        hint: `Remove it, or give another folder with --to. The model was fetched to ${shown}.`
      })
    const files = await registry.fetchKept(name, version, 'data', dataFolder)
    if (files.length > 0) return files
    throw new UserError(`${name} ${version}: its model was fetched to ${shown}, but no data were kept with it`, {
      hint: 'publish keeps them with keep-data: true.'
    })
  }
}
