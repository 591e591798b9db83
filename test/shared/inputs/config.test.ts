import {mkdtemp, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, it, test} from 'vitest'
import {
  choice,
  duration,
  flag,
  gates,
  modelReference,
  number,
  path,
  paths,
  REGISTRY,
  registryAddress,
  secret,
  text,
  words
} from '#shared/inputs'
import {parseConfig, readConfig} from '#shared/inputs/config'
import {readInputs, refuseUnknownInputs} from '#shared/inputs/resolve'

const vocabulary = {
  evaluate: {
    data: paths({required: true}),
    label: text({required: true}),
    gates: gates({required: true}),
    threshold: number({min: 0, max: 1, default: 0.5}),
    mode: choice(['enforce', 'observe'], {default: 'enforce'}),
    champion: modelReference({default: {kind: 'named', name: 'champion'}}),
    ...REGISTRY
  },
  train: {command: text({required: true}), timeout: duration(), data: paths()},
  'deploy-canary': {
    steps: words({default: ['5%', '25%']}),
    endpoint: text(),
    'endpoint-token': secret(),
    'require-approval': flag({default: false}),
    config: path()
  }
}

const FILE = '/repo/models/trainyard.yml'
const config = (source: string) => parseConfig(source, FILE, vocabulary, 'trainyard.yml')
const evaluate = (source: string, direct: Record<string, string | string[]> = {}, env: Record<string, string> = {}, flags = false) =>
  readInputs(vocabulary.evaluate, {action: 'evaluate', direct, flags, env, cwd: '/home/ada', config: config(source)})

const WHOLE = `
label: high_wage
data: data/exam.csv
evaluate:
  gates:
    - roc_auc >= 0.70
    - warn: brier <= 0.23
    - warn: f1 >= champion   # a comment of YAML
`

describe('where a value is looked for', () => {
  it('takes the section before the top level before the default', () => {
    expect(evaluate(WHOLE)).toMatchObject({
      label: 'high_wage',
      threshold: 0.5,
      mode: 'enforce',
      champion: {kind: 'named', name: 'champion'}
    })
    expect(evaluate(`${WHOLE}  label: other\n  threshold: 0.4\n`)).toMatchObject({label: 'other', threshold: 0.4})
  })

  it('takes `with:` first, and an empty one as not given', () => {
    expect(evaluate(WHOLE, {label: 'a'}).label).toBe('a')
    expect(evaluate(WHOLE, {label: '  '}).label).toBe('high_wage')
  })

  it('takes the registry from the environment after `with:` and before the file', () => {
    const env = {TRAINYARD_REGISTRY: 'github'}
    expect(evaluate(`${WHOLE}registry: folder\n`, {}, env).registry).toBe('github')
    expect(evaluate(`${WHOLE}registry: folder\n`, {registry: 's3://b/p'}, env).registry).toBe('s3://b/p')
    expect(evaluate(`${WHOLE}registry: folder\n`, {}, {TRAINYARD_REGISTRY: ''}).registry).toBe('/repo/models/folder')
  })

  it('refuses gates that a flag gives empty, and takes an empty `with:` for an absent one', () => {
    for (const direct of [{gates: ['']}, {gates: [' ', '']}])
      expect(() => evaluate(WHOLE, direct, {}, true)).toThrow(/^--gates: expected a gate, got an empty text$/)
    expect(evaluate(WHOLE, {gates: ''}).gates).toEqual(evaluate(WHOLE).gates)
    expect(evaluate(WHOLE, {gates: ['', 'recall >= 0.5']}, {}, true).gates.map(({id}) => id)).toEqual(['recall >= 0.5'])
  })

  it('names the variable that may carry what is missing', () => {
    const spec = {registry: registryAddress({required: true, variable: 'TRAINYARD_REGISTRY'})}
    const read = (flags: boolean) => () => readInputs(spec, {action: 'publish', direct: {}, flags, env: {}, cwd: '/'})
    const hinting = (hint: string) => expect.objectContaining({message: 'registry: required and not given', hint})
    expect(read(true)).toThrow(hinting('Give --registry, TRAINYARD_REGISTRY in the environment, or registry: in trainyard.yml.'))
    expect(read(false)).toThrow(hinting('Give it in `with:`, TRAINYARD_REGISTRY in the environment, or in trainyard.yml.'))
  })

  it('starts paths of the file at the file, and those of `with:` at the working directory', () => {
    expect(evaluate(WHOLE).data).toEqual(['/repo/models/data/exam.csv'])
    expect(evaluate(WHOLE, {data: 'a.csv\nb,c.csv'}).data).toEqual(['/home/ada/a.csv', '/home/ada/b,c.csv'])
    expect(evaluate(WHOLE, {data: ['a.csv', 'b.csv']}, {}, true).data).toEqual(['/home/ada/a.csv', '/home/ada/b.csv'])
  })

  it('takes what belongs to another action as well, where an input says so', () => {
    const spec = {label: text({default: 'none', section: 'evaluate'})}
    const read = (source: string) =>
      readInputs(spec, {action: 'train', direct: {}, flags: false, env: {}, cwd: '/', config: config(source)}).label
    expect(read('evaluate:\n  label: there\n')).toBe('there')
    expect(read('label: top\nevaluate:\n  label: there\n')).toBe('top')
    expect(read('')).toBe('none')
  })

  it('knows a path among champions by its slash or suffix', () => {
    expect(evaluate(WHOLE, {champion: 'old.onnx'}).champion).toEqual({kind: 'path', path: '/home/ada/old.onnx'})
    expect(evaluate(WHOLE, {champion: 'v3'}).champion).toEqual({kind: 'named', name: 'v3'})
    expect(evaluate(WHOLE, {champion: 'none'}).champion).toEqual({kind: 'none'})
  })

  it('splits commas in words, and not in gates', () => {
    const steps = readInputs(vocabulary['deploy-canary'], {
      action: 'deploy-canary',
      direct: {steps: '10%, 50%'},
      flags: false,
      env: {},
      cwd: '/'
    }).steps
    expect(steps).toEqual(['10%', '50%'])
    const inFile = readInputs(vocabulary['deploy-canary'], {
      action: 'deploy-canary',
      direct: {},
      flags: false,
      env: {},
      cwd: '/',
      config: config('deploy-canary:\n  steps: 10%, 50%\n')
    })
    expect(inFile.steps).toEqual(['10%', '50%'])
    expect(evaluate(WHOLE, {gates: 'recall[a=1,b=2] >= 0.5'}).gates.map(gate => gate.id)).toEqual(['recall[a=1,b=2] >= 0.5'])
  })

  it('reads gates with their lines, `- warn:` as a warning, and a block of lines', () => {
    const read = evaluate(WHOLE).gates
    expect(read.map(({id, warn, at}) => [id, warn, at?.line])).toEqual([
      ['roc_auc >= 0.70', false, 6],
      ['brier <= 0.23', true, 7],
      ['f1 >= champion', true, 8]
    ])
    const block = evaluate('label: y\ndata: x\ngates: |\n  f1 >= 0.5\n\n  # no\n  ece <= 0.1\n').gates
    expect(block.map(({id, at}) => [id, at?.line])).toEqual([
      ['f1 >= 0.5', 4],
      ['ece <= 0.1', 7]
    ])
  })
})

describe('what is wrong', () => {
  it('is named in one error, the missing and the malformed', () => {
    const read = () => evaluate('', {threshold: '2', mode: 'strict'})
    expect(read).toThrow(
      /data: required and not given[\s\S]*label: required[\s\S]*gates: required[\s\S]*threshold: expected a number of at least 0 and at most 1, got "2"[\s\S]*mode: expected enforce or observe, got "strict"/
    )
  })

  test.each([
    ['lable: x', '"lable" is not an input or an action', 'Did you mean label'],
    ['evaluate:\n  gate: []', '"gate" is not an input of evaluate', 'Did you mean gates'],
    ['evaluate:\n  steps: 5%', '"steps" is not an input of evaluate', 'steps is an input of deploy-canary'],
    ['endpoint-token: abc', 'endpoint-token: a token never stands in a file', 'with: endpoint-token'],
    ['deploy-canary:\n  endpoint-token: abc', 'a token never stands in a file', 'with: endpoint-token'],
    ['deploy-canary:\n  config: x', "config names this file and can't stand in it", '--config'],
    ['label: {a: 1}', 'expected a value, got a nested one', 'Write a text'],
    ['label:', 'expected a value, got nothing', 'remove the line'],
    ['a: &x 1\nlabel: *x', "an alias (*name) can't stand here", 'Write the value out'],
    ['evaluate: 3', 'expected a map of its inputs', 'indented'],
    ['- a', 'expected a map of inputs', 'name: value'],
    ['label: a\nlabel: b', 'Map keys must be unique', 'Mend the YAML']
  ])('%j', (source, message, hint) => {
    let caught: {message: string; hint?: string; kind?: string} = {message: ''}
    try {
      config(source)
    } catch (error) {
      caught = error as typeof caught
    }
    expect(caught.message).toContain(message)
    expect(`${caught.message}${caught.hint}`).toContain(hint)
    expect(caught.message).toMatch(/^trainyard\.yml/)
    expect(caught.kind).toBe('usage')
  })

  it('has every bad line', () => expect(() => config('lable: x\nevaluate:\n  gate: y\n')).toThrow(/yml:1: "lable"[\s\S]*yml:3: "gate"/))

  it('names the file and line of a bad gate in it', () =>
    expect(() => evaluate('data: d\nlabel: l\ngates:\n  - f1 => 0.5\n')).toThrow('trainyard.yml:4:8: gate: expected an operator'))

  test.each([
    ['threshold', '1e3', 'expected a number'],
    ['threshold', '0x1', 'expected a number'],
    ['threshold', '9'.repeat(400), 'expected a number'],
    ['threshold', ' 0.25 ', undefined],
    ['mode', 'Enforce', 'expected enforce or observe']
  ])('%s %j', (name, value, message) => {
    const read = () => evaluate(WHOLE, {[name]: value})
    if (message === undefined) expect(read().threshold).toBe(0.25)
    else expect(read).toThrow(message)
  })

  test.each([
    ['true', true],
    ['TRUE', true],
    ['False', false],
    ['yes', 'expected true or false'],
    ['1', 'expected true or false'],
    ['on', 'expected true or false']
  ])('a flag %j', (written, result) => {
    const read = () =>
      readInputs(
        {'require-approval': flag({default: false})},
        {action: 'x', direct: {'require-approval': written}, flags: false, env: {}, cwd: '/'}
      ).requireApproval
    if (typeof result === 'boolean') expect(read()).toBe(result)
    else expect(read).toThrow(result)
  })

  test.each([
    ['90m', 5_400_000],
    ['6h', 21_600_000],
    ['250ms', 250],
    ['90', 'expected a time span'],
    ['0s', 'expected a time span'],
    ['1.5h', 'expected a time span']
  ])('a time span %j', (written, result) => {
    const read = () => readInputs({timeout: duration()}, {action: 'x', direct: {timeout: written}, flags: false, env: {}, cwd: '/'}).timeout
    if (typeof result === 'number') expect(read()).toBe(result)
    else expect(read).toThrow(result)
  })

  it('does not take __proto__ for an input', () => expect(() => config('__proto__: 1')).toThrow('"__proto__" is not an input'))
})

describe('the file itself', () => {
  it('may be absent unless it was asked for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'config-'))
    expect(await readConfig(join(folder, 'trainyard.yml'), vocabulary, {optional: true})).toBeUndefined()
    await expect(readConfig(join(folder, 'mine.yml'), vocabulary, {optional: false})).rejects.toThrow('mine.yml: no such file')
  })

  it('is not passed over for its ending', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'config-'))
    await writeFile(join(folder, 'trainyard.yaml'), 'label: y\n')
    await expect(readConfig(join(folder, 'trainyard.yml'), vocabulary, {optional: true, shown: 'trainyard.yml'})).rejects.toThrow(
      'trainyard.yml: no such file, but trainyard.yaml is there'
    )
  })

  it('takes a block of one line for a text', () => {
    const read = (source: string) =>
      readInputs({command: text()}, {action: 'train', direct: {}, flags: false, env: {}, cwd: '/', config: config(source)}).command
    expect(read('train:\n  command: |\n    node train.mjs\n')).toBe('node train.mjs')
    expect(() => read('train:\n  command: |\n    node a.mjs\n    node b.mjs\n')).toThrow('command: expected a text, got a list of')
  })

  it('is read when it is empty, and refused when it is not UTF-8', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'config-'))
    await writeFile(join(folder, 'a.yml'), '# nothing\n')
    expect((await readConfig(join(folder, 'a.yml'), vocabulary, {optional: false}))?.top.size).toBe(0)
    await writeFile(join(folder, 'b.yml'), Buffer.from([0x6c, 0xff, 0xfe]))
    await expect(readConfig(join(folder, 'b.yml'), vocabulary, {optional: false})).rejects.toThrow('not UTF-8')
  })
})

describe('an input of no declared name', () => {
  it('is refused where the runner only warns', () => {
    const refuse = (env: Record<string, string>) => () => refuseUnknownInputs(vocabulary.evaluate, env)
    expect(refuse({INPUT_GATE: 'f1 >= 0.5'})).toThrow('with: "gate" is no input')
    expect(refuse({INPUT_GATES: 'f1 >= 0.5', 'INPUT_GITHUB-TOKEN': 'x', INPUT_OTHER: '', HOME: '/'})).not.toThrow()
  })
})
