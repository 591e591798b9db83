import type {MessagePort} from 'node:worker_threads'
import type * as Ort from 'onnxruntime-web'

/** What a worker is told when it starts. */
export interface Boot {
  readonly engine: WasmEngine | {readonly kind: 'native'; readonly path: string}
  readonly model: Uint8Array
  readonly externals: readonly {readonly path: string; readonly bytes: Uint8Array}[]
}

export interface WasmEngine {
  readonly kind: 'wasm'
  /** of the runtime's JavaScript */
  readonly url: string
  /** a compiled WebAssembly.Module: threads share its machine code */
  readonly compiled: object
  readonly memoryBytes: number
}

export interface PlainTensor {
  readonly type: Ort.Tensor.Type
  readonly dims: readonly number[]
  readonly data: Ort.Tensor.DataType
}

export interface Request {
  readonly id: number
  readonly feeds: Readonly<Record<string, PlainTensor>>
  readonly fetch: string
}

export type Reply =
  | {readonly id: number; readonly output: PlainTensor; readonly runMs: number}
  | {readonly id: number; readonly error: string}

/** What the worker's function gets from around it, for it may name nothing of this file. */
interface Surroundings {
  readonly boot: Boot
  readonly port: MessagePort
  readonly load: (url: string) => Promise<unknown>
  readonly require: (id: string) => unknown
  readonly wasm: {
    Memory: new (descriptor: {initial: number; maximum: number}) => object
    instantiate: (module: object, imports: object) => Promise<object>
  }
}

/**
 * Program of the worker thread. It is the text of one function without anything from outside, so that it is the same from the sources
 * under vitest, from `build/` and from a bundle.
 */
export function workerProgram(): string {
  return `const threads = require('node:worker_threads');
(${serve.toString()})({boot: threads.workerData, port: threads.parentPort, load: url => import(url), require, wasm: WebAssembly})`
}

async function serve({boot, port, load, require, wasm}: Surroundings): Promise<void> {
  const {engine} = boot
  try {
    const ort = (engine.kind === 'wasm' ? await load(engine.url) : require(engine.path)) as typeof Ort
    if (engine.kind === 'wasm') {
      const pages = Math.floor(engine.memoryBytes / 65_536)
      wasm.Memory = new Proxy(wasm.Memory, {
        construct: (Memory, [descriptor]) =>
          new Memory({...descriptor, initial: Math.min(descriptor.initial, pages), maximum: Math.min(descriptor.maximum, pages)})
      })
      ort.env.wasm.numThreads = 1
      const instantiate = wasm.instantiate
      const {compiled} = engine
      wasm.instantiate = async (_, imports) => ({module: compiled, instance: await instantiate(compiled, imports)})
      ort.env.wasm.wasmBinary = new Uint8Array(8)
    }
    ort.env.logLevel = 'fatal'
    const session = await ort.InferenceSession.create(boot.model, {
      executionProviders: [engine.kind === 'wasm' ? 'wasm' : 'cpu'],
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
      externalData: boot.externals.map(({path, bytes}) => ({path, data: bytes}))
    })
    const answer = async ({id, feeds, fetch}: Request) => {
      try {
        const tensors: Record<string, Ort.Tensor> = {}
        for (const [name, {type, data, dims}] of Object.entries(feeds)) tensors[name] = new ort.Tensor(type, data as never, dims)
        const start = performance.now()
        const output = (await session.run(tensors, [fetch]))[fetch]
        const runMs = performance.now() - start
        const {type, dims, data} = output
        port.postMessage({id, output: {type, dims: [...dims], data}, runMs})
      } catch (error) {
        port.postMessage({id, error: String((error as Error)?.message ?? error)})
      }
    }
    let last = Promise.resolve()
    port.on('message', (request: Request) => {
      last = last.then(() => answer(request))
    })
    port.postMessage({id: 0, inputs: session.inputNames, outputs: session.outputNames})
  } catch (error) {
    port.postMessage({id: 0, error: String((error as Error)?.message ?? error)})
  }
}
