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
    expect([USUAL_CHANGE, ...Object.keys(CASES)].sort()).toEqual(cases.sort())
  })

  test.each([[['--with', 'bad-model']], [['--fast']], [['--with']], [['worse-model']]])('refuses %j', async args => {
    await expect(startCommand(args, io)).rejects.toMatchObject({kind: 'usage', hint: expect.stringContaining('--with')})
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
