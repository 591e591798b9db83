// Calls a model server as its users would: one row of traffic/live.csv after the other, again and again, until it is stopped.
//   node traffic/send.mjs http://127.0.0.1:8080 --rate 200
import {Agent, request} from 'node:http'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {readTable} from '../tables.mjs'

const MOST_AT_ONCE = 64
const TICK_MS = 10
const REPORT_MS = 5000

const {values, positionals} = parseArgs({options: {rate: {type: 'string', default: '200'}}, allowPositionals: true})
const rate = Number(values.rate)
if (positionals.length !== 1 || !(rate > 0)) throw new Error('expected: node traffic/send.mjs <address> [--rate <requests a second>]')

const address = new URL('/predict', positionals[0])
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

function send(body) {
  waiting++
  let ended = false
  const end = answer => {
    if (ended) return
    ended = true
    waiting--
    counts.set(answer, (counts.get(answer) ?? 0) + 1)
  }
  const headers = {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)}
  request(address, {method: 'POST', agent, headers, timeout: 5000}, response => {
    response.resume().once('close', () => end(response.statusCode))
  })
    .once('timeout', function () {
      this.destroy(new Error('no answer in 5 s'))
    })
    .once('error', error => end(error.code ?? error.message))
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
