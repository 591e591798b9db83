import {connect} from 'node:net'

/**
 * Asks a server for predictions over keep-alive connections, one request at a time on each, for some seconds:
 * node load.mjs http://127.0.0.1:8080 '{"rows": [{}]}' [connections] [seconds]. Prints answers, answers a second, failures, and latency in milliseconds.
 */
const [address, body = '{"rows": [{}]}', connections = '16', seconds = '5'] = process.argv.slice(2)
const {hostname, port} = new URL(address)
const request = `POST /predict HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const end = performance.now() + Number(seconds) * 1000
const tookMs = []
let failed = 0

function client() {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    let sent = 0
    const send = () => {
      sent = performance.now()
      socket.write(request)
    }
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', chunk => {
      received += chunk
      const head = received.indexOf('\r\n\r\n')
      const length = head < 0 ? Number.NaN : Number(/content-length: (\d+)/i.exec(received)?.[1])
      if (!(received.length >= head + 4 + length)) return
      if (!received.startsWith('HTTP/1.1 200')) failed += 1
      received = ''
      const now = performance.now()
      tookMs.push(now - sent)
      if (now < end) return send()
      socket.end()
      resolve()
    })
  })
}

const start = performance.now()
await Promise.all(Array.from({length: Number(connections)}, client))
const took = (performance.now() - start) / 1000
tookMs.sort((a, b) => a - b)
const at = share => Number(tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))].toFixed(2))
console.log(
  JSON.stringify({
    answers: tookMs.length,
    perSecond: Math.round(tookMs.length / took),
    failed,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99)
  })
)
