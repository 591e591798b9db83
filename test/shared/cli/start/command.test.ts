import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {exampleIn, findCheckout} from '#shared/cli/start/checkout'
import {CASES, startCommand} from '#shared/cli/start/command'
import {USUAL_CHANGE} from '#shared/cli/start/repository'
import {openStage} from '#shared/cli/start/stage'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stage-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

const io = {env: {}, cwd: process.cwd(), print: () => undefined}

describe('startCommand', () => {
  test('describes every case of the example', () => {
    const cases = readdirSync(join(exampleIn(findCheckout()), 'cases'))
    expect(Object.keys(CASES).sort()).toEqual(cases.sort())
  })

  test.each(['--help', '-h'])('%s names every case and the exit codes, and starts nothing', async flag => {
    const lines: string[] = []
    expect(await startCommand([flag], {...io, print: line => void lines.push(line)})).toBe(0)
    for (const name of [USUAL_CHANGE, ...Object.keys(CASES)]) expect(lines.join('\n')).toContain(`\n  ${name}  `)
    expect(lines.join('\n')).toContain('\n  1  a run was red')
  })

  test.each([[['--with', 'bad-model']], [['--fast']], [['--with']], [['worse-model']]])('refuses %j', async args => {
    await expect(startCommand(args, io)).rejects.toMatchObject({kind: 'usage', hint: expect.stringContaining('--with')})
  })
})

test('a misspelt option is named with its neighbour', async () => {
  await expect(startCommand(['--wit', 'raw-data'], io)).rejects.toMatchObject({
    message: 'unknown option --wit',
    hint: expect.stringContaining('did you mean --with?')
  })
})

describe('openStage', () => {
  test('touches nothing while another start runs there', async () => {
    const stage = join(folder, 'start')
    mkdirSync(stage)
    writeFileSync(join(stage, 'pid'), `${process.ppid}\n`)
    writeFileSync(join(stage, 'kept'), 'text')
    await expect(openStage(folder, stage, 1)).rejects.toThrow(`${stage}: another start runs there, process ${process.ppid}`)
    expect(readFileSync(join(stage, 'kept'), 'utf8')).toBe('text')
  })
})
