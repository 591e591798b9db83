import {join} from 'node:path'
import {agree} from '../agreement.mjs'
import {paired} from '../paired.mjs'
import {runAction, runPeer} from '../subjects.mjs'
import {row} from '../table.mjs'

const PEERS = [
  {name: 'pandas', script: 'validation_pandas.py', time: 0.25},
  {name: 'polars', script: 'validation_polars.py', time: 0.8}
]

/** Rules and profile of a CSV of a million rows and 15 columns: the whole process, in time and memory. */
export async function validation(bench) {
  const data = join(bench.folder, 'people.csv')
  const contract = join(import.meta.dirname, '../contract.yml')
  const ours = () => runAction(bench, ['validate-data', '--data', data, '--contract', 'contract.yml'], [contract])
  const rows = []
  for (const {name, script, time} of PEERS) {
    const measured = await paired(bench.rounds, ours, bench.python && (() => runPeer(bench, script, data)))
    const {peer} = measured
    if (peer) agree(peer.answer, answerOf(measured.ours), 1e-9)
    const both = {peerName: peer?.peer ?? name, oursCpuS: measured.ours.cpuS, peerCpuS: peer?.cpuS}
    rows.push(
      row({work: `rules and profile of CSV, 1M x 15, against ${name}`, ours: measured.ours.wallS, peer: peer?.wallS, target: time, ...both})
    )
    rows.push(
      row({
        work: `its memory, against ${name}`,
        unit: 'MiB',
        ours: measured.ours.peakMiB,
        peer: peer?.peakMiB,
        target: 0.2,
        peerName: both.peerName
      })
    )
  }
  return rows
}

/** What the peers print, from evidence and profile. */
function answerOf({evidence, profile}) {
  return {
    rows: profile.rows,
    rules: Object.fromEntries(evidence.checks.map(({id, measured}) => [id, measured])),
    profile: Object.fromEntries(profile.columns.map(column => [column.name, {...column, most: column.values?.[0]?.n}]))
  }
}
