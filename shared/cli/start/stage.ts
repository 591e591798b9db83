import {randomBytes} from 'node:crypto'
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {codeOf, UserError} from '#shared/errors'
import {exampleIn} from './checkout.js'
import {startProgram, startServer} from './program.js'
import {createRepository, type Repository} from './repository.js'

/** What the workflow runs against: the repository, a registry, and a model server with traffic. */
export interface Stage {
  /** everything lies in it */
  readonly folder: string
  readonly repository: Repository
  readonly vars: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Empties `folder` and sets the stage in it; `rate` is requests a second. */
export async function openStage(checkout: string, folder: string, rate: number): Promise<Stage> {
  refuseSecond(join(folder, 'pid'))
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'pid'), `${process.pid}\n`)
  const repository = createRepository(exampleIn(checkout), join(folder, 'wages'))
  const token = randomBytes(24).toString('hex')
  const server = await startServer(
    {
      name: 'model server',
      argv: [join(checkout, 'dist/model-server.js'), '--port', '0', '--host', '127.0.0.1', '--data', join(folder, 'model-server')],
      env: {MODEL_SERVER_TOKEN: token},
      log: join(folder, 'model-server.log')
    },
    /listening on (http:\S+)/
  )
  const address = server.match[1]
  const registry = join(folder, 'registry')
  mkdirSync(registry, {recursive: true})
  const sender = join(repository.folder, 'traffic/send.mjs')
  const traffic = startProgram({name: 'traffic', argv: [sender, address, '--rate', String(rate)], log: join(folder, 'traffic.log')})
  return {
    folder,
    repository,
    vars: {TRAINYARD_REGISTRY: registry, MODEL_SERVER: address},
    secrets: {MODEL_SERVER_TOKEN: token},
    close: async () => {
      await traffic.stop()
      await server.stop()
      rmSync(join(folder, 'pid'), {force: true})
    }
  }
}

// Another start would lose its files under its feet.
function refuseSecond(file: string): void {
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : Number.NaN
  if (Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid && lives(pid)) {
    throw new UserError(`${dirname(file)}: another start runs there, process ${pid}`, {
      kind: 'usage',
      hint: `Let it end; if it is long gone, remove ${file}.`
    })
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
