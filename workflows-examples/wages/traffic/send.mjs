// Calls a model server as its users would: one row of traffic/live.csv after the other, again and again, until it is stopped.
//   node traffic/send.mjs http://127.0.0.1:8080 --rate 200
import {Agent, request} from 'node:http'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {readTable} from '../tables.mjs'

const MOST_AT_ONCE = 64
const TICK_MS = 10
const REPORT_MS = 5000

const USAGE = `node traffic/send.mjs <address of the model server> [--rate <requests a second, default 200>]

Sends rows of traffic/live.csv until it is stopped, and says every 5 s how they were answered.`

const {address, rate} = readWish(process.argv.slice(2))
const bodies = readTable(fileURLToPath(new URL('live.csv', import.meta.url))).rows.map(row => JSON.stringify({rows: [typed(row)]}))
const agent = new Agent({keepAlive: true, maxSockets: MOST_AT_ONCE})
const counts = new Map()
let sent = 0
let waiting = 0
let due = 0
let last = performance.now()

setInterval(() => {
  const now = performance.now()
  due = Math.min(due + (rate * (now - last)) / 1000, MOST_AT_ONCE)
  last = now
  for (; due >= 1 && waiting < MOST_AT_ONCE; due--) send(bodies[sent++ % bodies.length])
}, TICK_MS)
setInterval(report, REPORT_MS)

function readWish(args) {
  if (args.includes('--help') || args.includes('-h')) end(0, USAGE)
  try {
    const {values, positionals} = parseArgs({args, options: {rate: {type: 'string', default: '200'}}, allowPositionals: true})
    const rate = Number(values.rate)
    if (positionals.length !== 1) end(2, `expected one address, got ${positionals.join(' ') || 'none'}\n${USAGE}`)
    if (!(rate > 0 && rate < Number.POSITIVE_INFINITY)) end(2, `--rate: expected a number above 0, got ${values.rate}\n${USAGE}`)
    if (!/^http:\/\/./.test(positionals[0])) end(2, `expected http://host:port, got ${positionals[0]}\n${USAGE}`)
    return {address: new URL('/predict', positionals[0]), rate}
  } catch (error) {
    end(2, `${error.message}\n${USAGE}`)
  }
}

function end(code, text) {
  const stream = code === 0 ? process.stdout : process.stderr
  stream.write(`${text}\n`)
  process.exit(code)
}

function send(body) {
  waiting++
  let ended = false
  const answered = answer => {
    if (ended) return
    ended = true
    waiting--
    counts.set(answer, (counts.get(answer) ?? 0) + 1)
  }
  const headers = {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)}
  request(address, {method: 'POST', agent, headers, timeout: 5000}, response => {
    response.resume().once('close', () => answered(response.statusCode))
  })
    .once('timeout', function () {
      this.destroy(new Error('no answer in 5 s'))
    })
    .once('error', error => answered(error.code ?? error.message))
    .end(body)
}

function report() {
  const said = [...counts].map(([answer, count]) => `${count} x ${answer}`)
  if (said.length > 0) console.log(`${new Date().toISOString()} ${said.join(', ')}`)
  counts.clear()
}

function typed(row) {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, value === '' || Number.isNaN(Number(value)) ? value : Number(value)])
  )
}
