import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {node, succeed} from './process.mjs'

/** Runs an action from dist in an empty folder, to which `files` are copied: what it cost, and its evidence. Throws unless it ends green. */
export async function runAction({root}, argv, files = []) {
  const cwd = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    for (const file of files) copyFileSync(file, join(cwd, basename(file)))
    mkdirSync(join(cwd, 'tmp'))
    const ended = await succeed(node(join(root, 'dist/trainyard.js'), ...argv), {
      cwd,
      env: {TMPDIR: join(cwd, 'tmp')},
      usage: join(cwd, 'usage.json')
    })
    const file = name => join(cwd, 'trainyard-out', name)
    const evidence = JSON.parse(readFileSync(file(basename(/^evidence: (.*)$/m.exec(ended.out)?.[1] ?? 'missing')), 'utf8'))
    const profile = evidence.files?.profile && JSON.parse(readFileSync(file(evidence.files.profile), 'utf8'))
    return {wallS: ended.wallS, cpuS: ended.cpuS, peakMiB: ended.peakMiB, evidence, profile}
  } finally {
    rmSync(cwd, {recursive: true, force: true})
  }
}

/** Runs a peer's script: what it cost, and the answer that it printed. */
export async function runPeer({python, folder}, script, ...argv) {
  const cwd = folder
  const {wallS, cpuS, peakMiB, out} = await succeed([python, join(import.meta.dirname, 'peers', script), ...argv], {
    cwd,
    usage: join(folder, 'usage.json')
  })
  const {peer, ...answer} = JSON.parse(out)
  return {wallS, cpuS, peakMiB, peer, answer}
}
