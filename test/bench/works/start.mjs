import {existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {paired} from '../paired.mjs'
import {node, run} from '../process.mjs'
import {row} from '../table.mjs'

const OVER_BARE_S = 0.15

/** What each action takes until it knows its inputs, of which one is wrong, against Node with an empty program. */
export async function start({root, rounds}) {
  const cwd = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    writeFileSync(join(cwd, 'empty.mjs'), '')
    const rows = []
    for (const name of actionsOf(root)) {
      const options = {cwd, usage: join(cwd, 'usage.json'), env: {INPUT_CONFIG: 'missing.yml'}}
      const ours = async () => {
        const ended = await run(node(join(root, 'dist', `${name}.js`)), options)
        if (ended.status === 0 || !`${ended.out}${ended.err}`.includes('missing.yml'))
          throw new Error(`${name}: expected words on missing.yml, got\n${ended.out}${ended.err}`)
        return ended
      }
      const measured = await paired(3 * rounds, ours, () => run(node('empty.mjs'), options))
      const {ours: own, peer: bare} = measured
      rows.push(
        row({
          work: `start of ${name}: bare Node and 150 ms`,
          ours: own.wallS,
          peer: bare.wallS,
          peerName: `Node ${process.versions.node}`,
          target: (bare.wallS + OVER_BARE_S) / bare.wallS,
          oursCpuS: own.cpuS,
          peerCpuS: bare.cpuS
        })
      )
    }
    return rows
  } finally {
    rmSync(cwd, {recursive: true, force: true})
  }
}

function actionsOf(root) {
  return readdirSync(join(root, 'actions')).filter(
    name => existsSync(join(root, 'actions', name, 'action.yml')) && existsSync(join(root, 'dist', `${name}.js`))
  )
}
