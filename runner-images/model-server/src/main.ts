import {messageOf, UserError} from '#shared/errors'
import {loadModel} from './model.js'
import {readOptions, USAGE} from './options.js'
import {createModelServer} from './server.js'

const DRAIN_MS = 10_000
const log = (line: string) => void process.stdout.write(`${new Date().toISOString()} ${line}\n`)

/** Serves until SIGTERM or SIGINT, then drains. The exit code: 0 drained, 1 could not serve, 2 wrong options. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(USAGE)
      return 0
    }
    return await serve(args)
  } catch (error) {
    const mendable = error instanceof UserError
    const hint = mendable && error.hint !== undefined ? `\n  ${error.hint}` : ''
    process.stderr.write(`model-server: ${mendable || !(error instanceof Error) ? messageOf(error) : error.stack}${hint}\n`)
    return mendable && error.kind === 'usage' ? 2 : 1
  }
}

async function serve(args: readonly string[]): Promise<number> {
  const options = await readOptions(args, process.env)
  // What is started from here must not find the token in its environment.
  delete process.env.MODEL_SERVER_TOKEN
  const stop = stopped()
  const world = {load: loadModel, random: Math.random, now: () => new Date(), monotonicMs: () => performance.now(), log}
  const {server, drain} = await createModelServer(options, world)
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', error =>
      reject(new UserError(`${options.host}:${options.port}: can't listen (${messageOf(error)})`, {hint: 'Give another --port or --host.'}))
    )
    server.listen(options.port, options.host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : options.port)
    })
  })
  log(`listening on http://${options.host}:${port}`)
  log(`${await stop}: draining`)
  await drain(DRAIN_MS)
  return 0
}

function stopped(): Promise<string> {
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
  })
}
