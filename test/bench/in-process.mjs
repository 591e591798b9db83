import {join} from 'node:path'
import {agree} from './agreement.mjs'
import {paired} from './paired.mjs'
import {node, succeed} from './process.mjs'
import {row} from './table.mjs'

/** A row of work that both sides time themselves, the data at hand: ours/<name>.mjs against peers/<name>.py. Both print `{seconds, cpuS, answer}`. */
export async function inProcess({folder, python, rounds}, {work, name, peerName, target, tolerance}) {
  const timed = command => async () => {
    const {out} = await succeed(command, {cwd: folder, usage: join(folder, 'usage.json')})
    return JSON.parse(out)
  }
  const ours = timed(node(join(import.meta.dirname, 'ours', `${name}.mjs`), folder))
  const theirs = python && timed([python, join(import.meta.dirname, 'peers', `${name}.py`), folder])
  const measured = await paired(rounds, ours, theirs)
  const {peer} = measured
  if (peer) agree(peer.answer, measured.ours.answer, tolerance)
  return [
    row({
      work,
      ours: measured.ours.seconds,
      peer: peer?.seconds,
      peerName: peer?.peer ?? peerName,
      target,
      oursCpuS: measured.ours.cpuS,
      peerCpuS: peer?.cpuS
    })
  ]
}
