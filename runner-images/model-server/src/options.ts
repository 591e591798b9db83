import {parseArgs} from 'node:util'
import {UserError} from '#shared/errors'
import {readText} from '#shared/files'

export interface Options {
  readonly port: number
  readonly host: string
  /** folder of the models and the weights */
  readonly data: string
  readonly token: string
  /** bytes of a body of JSON */
  readonly bodyLimit: number
  /** bytes of a model */
  readonly modelLimit: number
  /** versions that stay loaded; the oldest without weight go first */
  readonly keep: number
}

const FLAGS = {
  port: {type: 'string'},
  host: {type: 'string'},
  data: {type: 'string'},
  'token-file': {type: 'string'},
  'body-limit': {type: 'string'},
  'model-limit': {type: 'string'},
  keep: {type: 'string'}
} as const

export const USAGE = `model-server [options]

Serves ONNX models: splits traffic between versions by weight, and counts what each of them does.

  --port <number>         default: 8080; 0: any free one, which the log names
  --host <address>        default: 127.0.0.1
  --data <folder>         models and weights; default: model-server-data
  --token-file <file>     holds the token that deployments show; default: MODEL_SERVER_TOKEN of the environment. One of them is required
  --body-limit <bytes>    of a body of JSON; default: 1 MiB
  --model-limit <bytes>   of a model; default: 1 GiB
  --keep <number>         versions that stay loaded; default: 10

Each is also a variable of the environment, such as MODEL_SERVER_PORT. There is no flag for the token: flags are visible to everybody on the machine.

Exit codes:
  0  drained after SIGTERM or SIGINT
  1  could not serve
  2  wrong options
`

/**
 * Options from flags (`--port 8080`), else from the environment (`MODEL_SERVER_PORT`), else defaults.
 * The token comes from `MODEL_SERVER_TOKEN` or a file, never from a flag: flags are visible to everybody on the machine.
 */
export async function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Options> {
  const flags = parseFlags(argv)
  const text = (name: keyof typeof FLAGS): string | undefined => flags[name] ?? (env[variable(name)] || undefined)
  const whole = (name: keyof typeof FLAGS, fallback: number, min: number, max: number) => parseWhole(name, text(name), fallback, min, max)
  return {
    port: whole('port', 8080, 0, 65_535),
    host: text('host') ?? '127.0.0.1',
    data: text('data') ?? 'model-server-data',
    token: await readToken(text('token-file'), env.MODEL_SERVER_TOKEN),
    bodyLimit: whole('body-limit', 1 << 20, 1, 1 << 30),
    modelLimit: whole('model-limit', 1 << 30, 1, Number.MAX_SAFE_INTEGER),
    keep: whole('keep', 10, 2, 1000)
  }
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({args: [...argv], options: FLAGS, strict: true, allowPositionals: false}).values
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error), {
      kind: 'usage',
      hint: `Flags: ${Object.keys(FLAGS)
        .map(name => `--${name}`)
        .join(' ')}`
    })
  }
}

function parseWhole(name: string, text: string | undefined, fallback: number, min: number, max: number): number {
  if (text === undefined) return fallback
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UserError(`--${name}: expected a whole number from ${min} to ${max}, got "${text}"`, {
    kind: 'usage',
    hint: `Give --${name} or ${variable(name)} as plain digits.`
  })
}

async function readToken(file: string | undefined, value: string | undefined): Promise<string> {
  const token = file === undefined ? (value ?? '') : (await readText(file, 4096)).trim()
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new UserError(`token: expected printable characters without blanks, got ${token === '' ? 'none' : 'others'}`, {
    kind: 'usage',
    hint: 'Set MODEL_SERVER_TOKEN, or give --token-file; make one with: openssl rand -hex 32'
  })
}

function variable(name: string): string {
  return `MODEL_SERVER_${name.toUpperCase().replaceAll('-', '_')}`
}
