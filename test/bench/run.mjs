// npm run bench [-- name…] [--rounds n]: ours beside its peers, the answers compared, a table on the screen and in build/bench.json.
import {spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {peerPython} from './environment.mjs'
import {renderTable} from './table.mjs'
import {auc} from './works/auc.mjs'
import {fairness} from './works/fairness.mjs'
import {scoring} from './works/scoring.mjs'
import {server} from './works/server.mjs'
import {start} from './works/start.mjs'
import {upload} from './works/upload.mjs'
import {validation} from './works/validation.mjs'

const WORKS = {validation, scoring, auc, fairness, start, server, upload}
const root = join(import.meta.dirname, '../..')
const folder = join(root, 'build/bench')

const {values, positionals} = parseArgs({options: {rounds: {type: 'string', default: '5'}}, allowPositionals: true})
const unknown = positionals.filter(name => !Object.hasOwn(WORKS, name))
if (unknown.length > 0 || !(Number(values.rounds) >= 1)) {
  console.error(
    `bench: ${unknown.length > 0 ? `no work is called ${unknown.join(', ')}` : '--rounds: expected at least 1'}; there is ${Object.keys(WORKS).join(', ')}`
  )
  process.exit(2)
}

makeData()
const peers = peerPython()
if (peers.missing) console.error(`No peers, so ours is measured alone: ${peers.missing}`)
const rows = []
for (const name of positionals.length > 0 ? positionals : Object.keys(WORKS)) {
  console.error(`${name} …`)
  rows.push(...(await WORKS[name]({root, folder, python: peers.python, rounds: Number(values.rounds)})))
}
writeFileSync(join(root, 'build/bench.json'), `${JSON.stringify(rows, null, 1)}\n`)
console.log(renderTable(rows))

/** Once for each state of the program that writes it. */
function makeData() {
  const program = join(import.meta.dirname, 'data.mjs')
  const state = createHash('sha256').update(readFileSync(program)).digest('hex')
  const stamp = join(folder, 'state')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return
  console.error('data …')
  mkdirSync(folder, {recursive: true})
  rmSync(stamp, {force: true})
  const {status} = spawnSync(process.execPath, [program, folder], {stdio: ['ignore', 'inherit', 'inherit']})
  if (status !== 0) process.exit(3)
  writeFileSync(stamp, state)
}
