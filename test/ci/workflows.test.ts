import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {parse} from 'yaml'

interface Job {
  readonly name?: string
  readonly permissions?: object
  readonly uses?: string
  readonly needs?: string | readonly string[]
  readonly if?: string
  readonly outputs?: object
  readonly steps?: readonly Step[]
}

interface Step {
  readonly id?: string
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Workflow {
  readonly permissions?: object
  readonly on: Readonly<Record<string, unknown>>
  readonly jobs: Readonly<Record<string, Job>>
}

const OURS = '.github/workflows'
const folders = [OURS, ...readdirSync('workflows-examples').map(name => join('workflows-examples', name, OURS))].filter(existsSync)
const files = folders.flatMap(folder => readdirSync(folder).map(name => join(folder, name)))
const read = (file: string): Workflow => parse(readFileSync(file, 'utf8'))

describe.each(files)('%s', file => {
  const text = readFileSync(file, 'utf8')
  const {jobs, permissions} = read(file)

  test('names every job, says what it may do, and keeps no credentials', () => {
    expect(Object.keys(jobs).filter(id => jobs[id].name === undefined)).toEqual([])
    expect(permissions).toBeDefined()
    const checkouts = Object.values(jobs).flatMap(({steps = []}) => steps.filter(({uses}) => uses?.startsWith('actions/checkout@')))
    expect(checkouts.map(step => step.with?.['persist-credentials'])).toEqual(checkouts.map(() => false))
  })

  test('gives a reason for every permission beyond reading', () => {
    const lines = text.split('\n').filter(line => /^ {6,}[a-z-]+: write\b/.test(line))
    expect(lines.filter(line => !/: write # \S/.test(line))).toEqual([])
  })

  test('pins what is not ours by commit, with its version', () => {
    const foreign = [...text.matchAll(/uses: (.+)/g)].map(([, uses]) => uses).filter(uses => !uses.startsWith('OWNER/trainyard/'))
    expect(foreign.filter(uses => !/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+(?:, .+)?$/.test(uses))).toEqual([])
  })
})

test('one action has one pin in all workflows', () => {
  const pins = new Map<string, Set<string>>()
  for (const [, name, pin] of files.flatMap(file => [...readFileSync(file, 'utf8').matchAll(/uses: (actions\/[a-z-]+)@(\S+ # [v.\d]+)/g)]))
    pins.set(name, (pins.get(name) ?? new Set()).add(pin))
  expect(pins.size).toBeGreaterThan(4)
  expect([...pins].filter(([, all]) => all.size > 1)).toEqual([])
})

describe('the reusable workflow', () => {
  const ours = read(`${OURS}/continuous-training.yml`)
  const whole = read('workflows-examples/wages/.github/workflows/continuous-training.yml')

  test('has the jobs of the example, step by step; each of our actions reads the same file of inputs', () => {
    expect(Object.keys(ours.jobs)).toEqual(Object.keys(whole.jobs))
    for (const [id, {needs, outputs, steps = []}] of Object.entries(ours.jobs)) {
      expect({id, needs, outputs}).toEqual({id, needs: whole.jobs[id].needs, outputs: whole.jobs[id].outputs})
      expect(steps.map(withoutConfig)).toEqual(whole.jobs[id].steps)
      const own = steps.filter(({uses}) => uses?.startsWith('OWNER/trainyard/'))
      expect(own.map(step => step.with?.config)).toEqual(own.map(() => '${{ inputs.config }}'))
      if (id !== 'deploy') expect(ours.jobs[id].if).toBe(whole.jobs[id].if)
    }
  })

  test('asks for no more than its caller grants', () => {
    const {jobs} = read('workflows-examples/reusable/.github/workflows/training.yml')
    expect(jobs.training.uses).toBe('OWNER/trainyard/.github/workflows/continuous-training.yml@v1')
    const all = [ours, ...Object.values(ours.jobs)].flatMap(({permissions = {}}) => Object.entries(permissions))
    const asked = Object.fromEntries(all.toSorted(([, one], [, other]) => (one < other ? -1 : 1)))
    expect(jobs.training.permissions).toEqual(asked)
  })

  test('is told its inputs by the README, all of them', () => {
    const {workflow_call}: {workflow_call?: {inputs: Record<string, {default: unknown}>}} = ours.on
    const rows = [...readFileSync('workflows-examples/reusable/README.md', 'utf8').matchAll(/^\| `([a-z-]+)` \| `?(.+?)`? \|/gm)]
    expect(Object.fromEntries(rows.map(([, name, given]) => [name, given]))).toEqual(
      Object.fromEntries(Object.entries(workflow_call?.inputs ?? {}).map(([name, input]) => [name, String(input.default)]))
    )
  })
})

test('the job that writes a release runs nothing that npm installed', () => {
  const {jobs} = read(`${OURS}/release.yml`)
  const commands = (id: string) => (jobs[id].steps ?? []).flatMap(({run}) => run?.trim().split('\n') ?? [])
  expect(commands('release').filter(line => !/^node \.ci\/release\.mjs (check|commit|tag|page|move) /.test(line))).toEqual([])
  expect(commands('release').map(line => line.split(' ')[2])).toEqual(['check', 'commit', 'tag', 'page', 'move'])
  expect(commands('build')).toContain('npx vitest run test/scenarios')
  expect(jobs.build.permissions).toEqual({contents: 'read'})
  for (const line of [...commands('build'), ...commands('release')]) {
    const [, script] = /^node (\S+)/.exec(line) ?? []
    if (script !== undefined) expect([script, existsSync(script)]).toEqual([script, true])
  }
})

function withoutConfig(step: Step): Step {
  const {config, ...given} = step.with ?? {}
  const {with: _, ...rest} = step
  return Object.keys(given).length > 0 ? {...rest, with: given} : rest
}
