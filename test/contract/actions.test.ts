import {readdirSync, readFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {CATALOGUE} from '#shared/gates/catalogue'
import {VERSION} from '#shared/version'
import {ACTIONS} from '../../actions/index.js'

interface Metadata {
  readonly name: string
  readonly description: string
  readonly inputs: Readonly<Record<string, {readonly description: string; readonly default?: string; readonly required?: boolean}>>
  readonly outputs: Readonly<Record<string, {readonly description: string}>>
  readonly runs: {readonly using: string; readonly main: string}
}

const folders = readdirSync('actions', {withFileTypes: true})
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)

describe('the suite', () => {
  it('lists every folder of actions', () => expect(Object.keys(ACTIONS).sort()).toEqual(folders.sort()))
  it('has the version of its package', () =>
    expect(VERSION).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as {version: string}).version))
  it('catalogues the metrics of actions that are there', () =>
    expect(Object.keys(CATALOGUE).filter(name => !folders.includes(name))).toEqual([]))
})

describe.each(Object.entries(ACTIONS))('action.yml of %s', (name, {inputs}) => {
  const metadata = parse(readFileSync(`actions/${name}/action.yml`, 'utf8')) as Metadata

  it('declares the inputs that are read, in their order', () => expect(Object.keys(metadata.inputs)).toEqual(Object.keys(inputs)))

  it.each(Object.entries(inputs))('describes %s with its default', (input, reader) => {
    const {description} = metadata.inputs[input]
    if (reader.required) expect(description).toMatch(/Required, here or in trainyard\.yml\.$/)
    else if (reader.defaultText === undefined) expect(description).toMatch(/Default: [^.].*\.$/)
    else
      expect(description.endsWith(`Default: ${reader.defaultText}.`), `${description} should end: Default: ${reader.defaultText}.`).toBe(
        true
      )
  })

  it('carries no default but the token', () => {
    const defaults = Object.entries(metadata.inputs).filter(([, {default: value}]) => value !== undefined)
    expect(defaults.filter(([input, {default: value}]) => input !== 'github-token' || value !== '${{ github.token }}')).toEqual([])
    expect(Object.values(metadata.inputs).some(({required}) => required !== undefined)).toBe(false)
  })

  it('has the outputs of every action, and runs its bundle', () => {
    expect(Object.keys(metadata.outputs).slice(0, 3)).toEqual(['verdict', 'outcome', 'evidence'])
    expect(metadata.runs).toEqual({using: 'node24', main: `../../dist/${name}.js`})
    expect(metadata.description).toMatch(/^[A-Z].*\.$/)
  })
})
