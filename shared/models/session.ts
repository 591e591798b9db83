import {existsSync} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {Worker} from 'node:worker_threads'
import {findEngine, ONNX_NATIVE} from '#shared/engines'
import {messageOf, UserError} from '#shared/errors'
import type {Inspected} from './inspect.js'
import type {ModelLimits} from './limits.js'
import {type Boot, type PlainTensor, type Reply, type Request, workerProgram} from './worker.js'

/** One model in a thread of its own, which is ended when it takes too long or too much. */
export interface Session {
  /** Runs are answered in the order in which they were asked. Throws UserError with the runtime's words. */
  run(feeds: Request['feeds'], fetch: string): Promise<{readonly output: PlainTensor; readonly runMs: number}>
  close(): Promise<void>
}

export type EngineName = 'wasm' | 'native'

interface Waiting {
  readonly resolve: (reply: {readonly output: PlainTensor; readonly runMs: number}) => void
  readonly reject: (error: UserError) => void
}

const RUNTIME = 'ort.wasm.bundle.min.mjs'
const WASM = 'ort-wasm-simd-threaded.wasm'

// The DOM library, which declares it, stays out of this code.
declare const WebAssembly: {compile(bytes: Uint8Array): Promise<object>}

/** Starts a worker with the model. Throws UserError when the runtime refuses it or needs longer than `loadTimeoutMs`. */
export async function openSession(model: Inspected, engine: EngineName, limits: ModelLimits): Promise<Session> {
  const boot: Boot = {engine: await engineOf(engine, limits), model: model.bytes, externals: model.externals}
  const worker = new Worker(workerProgram(), {
    eval: true,
    env: {},
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    workerData: boot,
    resourceLimits: {maxOldGenerationSizeMb: 1024}
  })
  worker.stdout.resume()
  worker.stderr.resume()
  try {
    await ready(worker, model.name, limits.loadTimeoutMs)
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return converse(worker, model.name, limits.runTimeoutMs)
}

/** The runtime lies beside the bundle, else in `node_modules`; the native one where `findEngine` finds it. */
async function engineOf(engine: EngineName, limits: ModelLimits): Promise<Boot['engine']> {
  if (engine === 'native') return {kind: 'native', path: await findEngine(ONNX_NATIVE)}
  const folders = [dirname(fileURLToPath(import.meta.url)), installedRuntime()]
  const folder = folders.find(
    candidate => candidate !== undefined && existsSync(join(candidate, RUNTIME)) && existsSync(join(candidate, WASM))
  )
  if (folder === undefined) {
    throw new UserError(`ONNX Runtime is not installed: ${RUNTIME} and ${WASM} are neither beside ${folders[0]} nor in node_modules`, {
      hint: 'Run npm ci and npm run build in the checkout of trainyard.'
    })
  }
  return {
    kind: 'wasm',
    url: pathToFileURL(join(folder, RUNTIME)).href,
    compiled: await compile(join(folder, WASM)),
    memoryBytes: limits.memoryBytes
  }
}

let compiled: Promise<object> | undefined

/** Once for the process: the second model starts four times as fast. */
function compile(path: string): Promise<object> {
  compiled ??= readFile(path).then(bytes => WebAssembly.compile(bytes))
  return compiled
}

function installedRuntime(): string | undefined {
  const name = ['onnxruntime-web', 'wasm'].join('/')
  try {
    return dirname(createRequire(import.meta.url).resolve(name))
  } catch {
    return undefined
  }
}

function ready(worker: Worker, name: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string) =>
      reject(
        new UserError(`${name}: the model does not load: ${reason}`, {
          hint: 'Check it with onnx.checker, and export it for ONNX Runtime 1.30 or older.'
        })
      )
    const timer = setTimeout(() => refuse(`it was not ready within ${timeoutMs / 1000} s`), timeoutMs)
    worker.once('message', (reply: {error?: string}) => (reply.error === undefined ? resolve() : refuse(wordsOf(reply.error))))
    worker.once('error', error => refuse(messageOf(error)))
    worker.once('exit', () => refuse('the runtime ended while it read the model'))
    worker.once('message', () => clearTimeout(timer))
    worker.once('exit', () => clearTimeout(timer))
  })
}

function converse(worker: Worker, name: string, timeoutMs: number): Session {
  const waiting = new Map<number, Waiting>()
  let count = 0
  let ended: UserError | undefined
  const end = (reason: string) => {
    ended ??= new UserError(`${name}: ${reason}`, {hint: 'The model was stopped. See what its graph does with these rows.'})
    for (const {reject} of waiting.values()) reject(ended)
    waiting.clear()
  }
  worker.on('message', (reply: Reply) => {
    const asked = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('error' in reply) asked?.reject(new UserError(wordsOf(reply.error)))
    else asked?.resolve(reply)
  })
  worker.on('error', error => end(`the runtime ended: ${messageOf(error)}`))
  worker.on('exit', () => end('the runtime has ended'))
  const late = () => {
    end(`no answer within ${timeoutMs / 1000} s`)
    void worker.terminate()
  }
  return {
    run: (feeds, fetch) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended)
        count += 1
        const timer = setTimeout(late, timeoutMs * (waiting.size + 1))
        waiting.set(count, {resolve: after(timer, resolve), reject: after(timer, reject)})
        worker.postMessage({id: count, feeds, fetch}, transferable(feeds))
      }),
    close: async () => {
      await worker.terminate()
    }
  }
}

function after<T>(timer: NodeJS.Timeout, then: (value: T) => void): (value: T) => void {
  return value => {
    clearTimeout(timer)
    then(value)
  }
}

function transferable(feeds: Request['feeds']): ArrayBuffer[] {
  return Object.values(feeds).flatMap(({data}) => (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer ? [data.buffer] : []))
}

/** The runtime's message in one line, without its source file and numbers. */
function wordsOf(message: string): string {
  return message
    .replace(/^Error: /, '')
    .replace(/ERROR_CODE: \d+, ERROR_MESSAGE: /, '')
    .replace(/\/[^\s:]*onnxruntime\/[^\s:]*:\d+\s*/g, '')
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 500)
}
