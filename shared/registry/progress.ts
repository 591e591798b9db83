import {Readable} from 'node:stream'

const WORTH_TELLING_BYTES = 64 << 20
const EVERY_MS = 10_000

/** The same stream; of a large one a line is said every ten seconds. */
export function toldProgress(
  stream: Readable,
  {label, size, log}: {readonly label: string; readonly size: number; readonly log: (line: string) => void}
): Readable {
  if (size < WORTH_TELLING_BYTES) return stream
  async function* told() {
    let [passed, saidMs] = [0, performance.now()]
    for await (const chunk of stream) {
      passed += chunk.length
      if (performance.now() - saidMs >= EVERY_MS) {
        saidMs = performance.now()
        log(`${label}: ${Math.floor(passed / 2 ** 20)} of ${Math.ceil(size / 2 ** 20)} MiB`)
      }
      yield chunk
    }
  }
  return Readable.from(told(), {objectMode: false, highWaterMark: 1 << 20})
}
