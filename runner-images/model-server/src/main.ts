import {messageOf, UserError} from '#shared/errors'
import {loadModel} from './model.js'
import {readOptions} from './options.js'
import {createModelServer} from './server.js'

const DRAIN_MS = 10_000
const log = (line: string) => void process.stdout.write(`${new Date().toISOString()} ${line}\n`)

async function start(): Promise<void> {
  const options = await readOptions(process.argv.slice(2), process.env)
  // A child or a crash report must not find the token in the environment.
  delete process.env.MODEL_SERVER_TOKEN
  const {server, drain} = await createModelServer(options, {
    load: loadModel,
    random: Math.random,
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    log
  })
  server.once('error', fail)
  server.listen(options.port, options.host, () => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : options.port
    log(`listening on http://${options.host}:${port}`)
  })
  let draining = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (draining) return
      draining = true
      log(`${signal}: draining`)
      drain(DRAIN_MS).then(() => process.exit(0), fail)
    })
  }
}

function fail(error: unknown): void {
  const hint = error instanceof UserError && error.hint !== undefined ? `\n  ${error.hint}` : ''
  const usage = error instanceof UserError && error.kind === 'usage'
  process.stderr.write(`model-server: ${error instanceof UserError || !(error instanceof Error) ? messageOf(error) : error.stack}${hint}\n`)
  process.exit(usage ? 2 : 1)
}

start().catch(fail)
