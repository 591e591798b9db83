import {join} from 'node:path'
import {agree} from '../agreement.mjs'
import {paired} from '../paired.mjs'
import {runAction, runPeer} from '../subjects.mjs'
import {row} from '../table.mjs'

const GATES = ['roc_auc >= 0.65', 'brier <= 0.25', 'recall[region=*] >= 0.5'].join('\n')

/** A million rows of CSV, scored by an ONNX model and gated: ours with intervals and with the predictions written, the peer without. */
export async function scoring(bench) {
  const [data, model] = ['exam.csv', 'model.onnx'].map(name => join(bench.folder, name))
  const argv = ['evaluate', '--data', data, '--label', 'label', '--model', model, '--champion', 'none', '--gates', GATES]
  const measured = await paired(
    bench.rounds,
    () => runAction(bench, argv),
    bench.python && (() => runPeer(bench, 'scoring.py', data, model))
  )
  const {ours, peer} = measured
  if (peer) agree(peer.answer, answerOf(ours), 1e-6)
  const peerName = peer?.peer ?? 'pandas, onnxruntime, scikit-learn'
  return [
    row({
      work: 'CSV, 1M x 22, scored and gated',
      ours: ours.wallS,
      peer: peer?.wallS,
      peerName,
      target: 0.4,
      oursCpuS: ours.cpuS,
      peerCpuS: peer?.cpuS
    })
  ]
}

function answerOf({evidence}) {
  const recalls = evidence.checks.filter(({id}) => id.startsWith('recall['))
  return {
    facts: Object.fromEntries(evidence.facts.map(({name, value}) => [name, value])),
    recall: Object.fromEntries(recalls.map(({id, measured}) => [/=(.*)\]/.exec(id)[1], measured]))
  }
}
