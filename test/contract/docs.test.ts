import {spawnSync} from 'node:child_process'
import {cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, normalize} from 'node:path'
import {marked, type Token} from 'marked'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {CATALOGUE} from '#shared/gates/catalogue'
import {parseConfig} from '#shared/inputs/config'
import {ACTIONS, VOCABULARY} from '../../actions/index.js'

const EXAMPLE = 'workflows-examples/wages/.github/workflows/continuous-training.yml'
const HEADINGS = ['Smallest job', 'Permissions', 'How it works', 'Inputs', 'Outputs', 'Endings', 'Limits']
const documents = [
  ...readdirSync('.').filter(name => name.endsWith('.md')),
  ...['actions', 'docs', 'runner-images', 'shared', 'workflows-examples'].flatMap(folder =>
    readdirSync(folder, {recursive: true, encoding: 'utf8'})
      .filter(name => name.endsWith('.md') && !/(?:^|[\\/])(?:node_modules|trainyard-out)[\\/]/.test(name))
      .map(name => join(folder, name))
  )
]

/** Every token of a document, nested ones too. */
function tokensOf(file: string): Token[] {
  const found: Token[] = []
  marked.walkTokens(marked.lexer(readFileSync(file, 'utf8')), token => void found.push(token))
  return found
}

function yamlOf(file: string): string[] {
  return tokensOf(file).flatMap(token => (token.type === 'code' && /^ya?ml$/.test(token.lang ?? '') ? [token.text as string] : []))
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Step {
  readonly action: string
  readonly given: Readonly<Record<string, unknown>>
}

/** The steps with actions of ours, however deep they stand. */
function stepsOf(value: unknown): Step[] {
  if (Array.isArray(value)) return value.flatMap(stepsOf)
  if (!isMap(value)) return []
  const action = typeof value.uses === 'string' ? /^OWNER\/trainyard\/actions\/([^@]+)@/.exec(value.uses)?.[1] : undefined
  const own = action === undefined ? [] : [{action, given: isMap(value.with) ? value.with : {}}]
  return [...own, ...Object.values(value).flatMap(stepsOf)]
}

/** Whether a block is a workflow or a part of one, rather than a `trainyard.yml`. */
function isWorkflow(text: string): boolean {
  return /^\s*(?:- )?(?:uses|runs-on|permissions|steps|jobs):/m.test(text)
}

function readStep({action, given}: Step): void {
  expect(Object.keys(VOCABULARY), `actions/${action}`).toContain(action)
  for (const [name, value] of Object.entries(given)) {
    expect(Object.keys(VOCABULARY[action]), `an input of ${action}`).toContain(name)
    const reader = VOCABULARY[action][name]
    const separator = {none: /$^/, lines: '\n', commas: /[\n,]/}[reader.separator]
    const texts = String(value)
      .split(separator)
      .filter(text => text.trim() !== '')
    if (!String(value).includes('${{')) reader.parse({texts: texts.map(text => ({text})), list: texts.length > 1, base: '/', place: name})
  }
}

function readConfigBlock(text: string): void {
  const config = parseConfig(text, '/trainyard.yml', VOCABULARY)
  expect(config.top.size + config.sections.size).toBeGreaterThan(0)
  for (const [action, section] of config.sections) for (const [name, given] of section) VOCABULARY[action][name].parse(given)
  for (const [name, given] of config.top)
    Object.values(VOCABULARY)
      .find(spec => Object.hasOwn(spec, name))
      ?.[name].parse(given)
}

describe('the generated tables', () => {
  let copy = ''
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'docs-'))
    for (const path of ['.ci/docs.mjs', 'actions', 'README.md', EXAMPLE]) cpSync(path, join(copy, path), {recursive: true})
    symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'))
  })
  afterAll(() => rmSync(copy, {recursive: true, force: true}))
  const docs = (folder: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(folder, '.ci/docs.mjs'), ...args], {encoding: 'utf8'})

  it('are up to date', () => expect(docs('.', '--check')).toMatchObject({status: 0, stdout: ''}))

  it('are told to be stale, and left alone, by --check', () => {
    const [metadata, readme] = ['action.yml', 'README.md'].map(name => join(copy, 'actions/train', name))
    writeFileSync(metadata, readFileSync(metadata, 'utf8').replace('Default: none.', 'Default: nothing at all.'))
    const before = readFileSync(readme, 'utf8')
    expect(docs(copy, '--check')).toMatchObject({status: 1, stdout: 'actions/train/README.md: stale, run npm run docs\n'})
    expect(readFileSync(readme, 'utf8')).toBe(before)
    expect(docs(copy)).toMatchObject({status: 0, stdout: 'actions/train/README.md: written\n'})
    expect(readFileSync(readme, 'utf8')).toContain('nothing at all')
    expect(docs(copy, '--check').status).toBe(0)
  })

  it('need their markers', () => {
    const readme = join(copy, 'actions/report/README.md')
    writeFileSync(readme, readFileSync(readme, 'utf8').replace('<!-- /outputs -->', ''))
    const {status, stdout} = docs(copy)
    expect(status).toBe(1)
    expect(stdout).toContain('actions/report/README.md: expected the markers <!-- outputs -->')
  })
})

describe.each(Object.keys(ACTIONS))('README.md of %s', name => {
  const file = `actions/${name}/README.md`
  const text = readFileSync(file, 'utf8')

  it('has the headings that a reader looks for', () => {
    const headings = tokensOf(file).flatMap(token => (token.type === 'heading' && token.depth === 2 ? [token.text as string] : []))
    expect(headings).toEqual(HEADINGS)
    expect(text.startsWith(`# ${name}\n\n`)).toBe(true)
  })

  it('gives each permission with its reason', () => {
    const [, section = ''] = /^## Permissions\n([\s\S]*?)(?=^## )/m.exec(text) ?? []
    const items = section.match(/^- .*$/gm) ?? []
    expect(items.length).toBeGreaterThan(0)
    for (const item of items) expect(item).toMatch(/^- `[a-z-]+: (?:read|write)`[^:]*: \S/)
  })

  it('shows a step of its own', () => {
    const shown = yamlOf(file)
      .filter(isWorkflow)
      .flatMap(block => stepsOf(parse(block)))
    expect(shown.map(({action}) => action)).toContain(name)
  })

  it('explains every metric that its gates may name', () => {
    const rows = [...text.matchAll(/^\|(.*?)\|/gm)].map(([, first]) => first)
    const explained = rows.flatMap(row => [...row.matchAll(/`([a-z][a-z0-9_]*)[^`]*`/g)].map(([, metric]) => metric))
    for (const metric of CATALOGUE[name] ?? []) expect(explained).toContain(metric)
  })
})

describe.each(documents)('%s', file => {
  it('shows YAML that is read as it stands', () => {
    for (const block of yamlOf(file)) {
      if (isWorkflow(block)) for (const step of stepsOf(parse(block))) readStep(step)
      else readConfigBlock(block)
    }
  })

  it('shows no whole workflow but the one that the tests run', () => {
    const whole = yamlOf(file).filter(block => isMap(parse(block)) && isMap(parse(block).jobs))
    for (const block of whole) expect(`${block}\n`).toBe(readFileSync(EXAMPLE, 'utf8'))
  })

  it('links to what is there', () => {
    const targets = tokensOf(file).flatMap(token => (token.type === 'link' || token.type === 'image' ? [token.href as string] : []))
    const relative = targets
      .filter(href => !/^(?:[a-z]+:|#)/.test(href))
      .map(href => normalize(join(dirname(file), href.replace(/#.*$/, ''))))
    expect(relative.filter(path => !existsSync(path))).toEqual([])
  })
})
