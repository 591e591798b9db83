import {spawn} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {ModuleKind, ScriptTarget, transpileModule} from 'typescript'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {exampleIn, findCheckout} from '#shared/cli/start/checkout'
import {startProgram, startServer} from '#shared/cli/start/program'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'program-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

function script(text: string, name = 'script.mjs'): string[] {
  const path = join(folder, name)
  writeFileSync(path, text)
  return [path]
}

const READY = "console.log('ready at ' + process.pid); setInterval(() => {}, 1000)"
const options = (text: string) => ({name: 'program', argv: script(text), log: join(folder, 'log')})

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 100 && !condition(); waited++) await sleep(50)
  expect(condition()).toBe(true)
}

describe('startServer', () => {
  test('waits for the line, gives its match, and stops the program', async () => {
    const server = await startServer(options(READY), /ready at (\d+)/)
    const pid = Number(server.match[1])
    expect(lives(pid)).toBe(true)
    await server.stop()
    expect(lives(pid)).toBe(false)
    await server.stop()
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe(`ready at ${pid}\n`)
  })

  test('says why a program ended early', async () => {
    const starting = startServer(options("console.error('port taken'); process.exitCode = 3"), /ready/)
    await expect(starting).rejects.toMatchObject({message: 'program: ended with exit code 3 before it was ready', hint: 'port taken'})
  })

  test('stops a program that ignores SIGTERM', async () => {
    const server = await startServer(options(`process.on('SIGTERM', () => {}); ${READY}`), /ready at (\d+)/)
    await server.stop(100)
    expect(lives(Number(server.match[1]))).toBe(false)
  })

  test('takes the program along when its own process is killed', async () => {
    const parent = join(folder, 'parent.mjs')
    const argv = JSON.stringify(script(READY, 'child.mjs'))
    for (const source of ['cli/start/program', 'errors']) {
      const typed = readFileSync(join(findCheckout(), `shared/${source}.ts`), 'utf8').replace('#shared/errors', './errors.mjs')
      const {outputText} = transpileModule(typed, {compilerOptions: {module: ModuleKind.ESNext, target: ScriptTarget.ES2022}})
      writeFileSync(join(folder, `${basename(source)}.mjs`), outputText)
    }
    writeFileSync(
      parent,
      `import {startServer} from './program.mjs'
       const {match} = await startServer({name: 'program', argv: ${argv}, log: ${JSON.stringify(join(folder, 'log'))}}, /ready at (\\d+)/)
       console.log(match[1])`
    )
    const child = spawn(process.execPath, [parent], {stdio: ['ignore', 'pipe', 'inherit']})
    const pid = await new Promise<number>(resolve => child.stdout.once('data', data => resolve(Number(data))))
    expect(lives(pid)).toBe(true)
    child.kill('SIGKILL')
    await until(() => !lives(pid))
  })
})

describe('traffic/send.mjs', () => {
  test('sends the live rows at the rate, and goes on when the server is away', async () => {
    const bodies: string[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', data => {
        body += data
      })
      request.on('end', () => {
        bodies.push(body)
        response.writeHead(200).end('{}')
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const {port} = server.address() as AddressInfo
    const send = join(exampleIn(findCheckout()), 'traffic/send.mjs')
    const program = startProgram({name: 'traffic', argv: [send, `http://127.0.0.1:${port}`, '--rate', '200'], log: join(folder, 'log')})
    await until(() => bodies.length > 20)
    const [first, started] = [bodies.length, performance.now()]
    await sleep(1000)
    const rate = ((bodies.length - first) * 1000) / (performance.now() - started)
    expect(rate).toBeGreaterThan(100)
    expect(rate).toBeLessThan(260)
    expect(JSON.parse(bodies[0])).toEqual({
      rows: [
        {
          ...{education: 8, experience: 21, age: 35, south: 0, union: 0, married: 1},
          ...{gender: 'female', race: 'hispanic', occupation: 'other', sector: 'manufacturing'}
        }
      ]
    })
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await closed
    await sleep(200)
    server.listen(port, '127.0.0.1')
    const seen = bodies.length
    await until(() => bodies.length > seen)
    await program.stop()
    server.close()
    server.closeAllConnections()
  })
})
