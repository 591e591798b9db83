import {spawn} from 'node:child_process'
import {existsSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'

const USAGE = pathToFileURL(join(import.meta.dirname, 'usage.mjs')).href

/** Command line of Node with a program, which tells what it cost. */
export const node = (...argv) => [process.execPath, '--import', USAGE, ...argv]

/** Runs a process to its end: `{status, out, err, wallS, cpuS, peakMiB}`. `usage` is a file for what it tells of itself. */
export async function run([command, ...argv], {cwd, env = {}, usage}) {
  rmSync(usage, {force: true})
  const start = performance.now()
  const child = spawn(command, argv, {
    cwd,
    env: {PATH: process.env.PATH, HOME: cwd, ...env, BENCH_USAGE: usage},
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const text = {out: '', err: ''}
  child.stdout.setEncoding('utf8').on('data', chunk => {
    text.out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', chunk => {
    text.err += chunk
  })
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  const wallS = (performance.now() - start) / 1000
  return {
    status,
    ...text,
    wallS,
    ...(existsSync(usage) ? JSON.parse(readFileSync(usage, 'utf8')) : {cpuS: Number.NaN, peakMiB: Number.NaN})
  }
}

/** As run, for a process that must end with 0. */
export async function succeed(command, options) {
  const ended = await run(command, options)
  if (ended.status !== 0)
    throw new Error(`${command.slice(0, 4).join(' ')} … ended with ${ended.status}:\n${ended.out.slice(-2000)}${ended.err.slice(-2000)}`)
  return ended
}
