import {execFile} from 'node:child_process'
import {readFileSync} from 'node:fs'

const FIELDS = ['index', 'name', 'ecc.errors.uncorrected.volatile.total', 'remapped_rows.pending', 'remapped_rows.failure']
/** What a program can cause on a sound GPU; NVIDIA's device plugin for Kubernetes leaves out the same. Every other XID is the machine's. */
const OF_PROGRAMS = new Set([13, 31, 43, 45, 68, 109])
/** What a counter of a working GPU reads; `[Unknown Error]`, `[GPU requires reset]` and `ERR!` are none. */
const TOLD = /^(?:\d+|yes|no|\[?N\/A\]?|\[?Not Supported\]?)$/i
const TIMEOUT_MS = 20_000

/**
 * Why this machine must take no job, a line each; empty when its GPUs are sound. A GPU that nvidia-smi can't reach in 20 s counts as broken.
 * `GPU_XID_LOG` is a file with the kernel's log, else `dmesg` is asked; where neither can be read, only the counters speak. `GPU_COUNT`: how many there must be.
 */
export async function gpuFaults(env) {
  const timeoutMs = Number(env.GPU_TIMEOUT_MS) || TIMEOUT_MS
  const {out, error} = await run('nvidia-smi', [`--query-gpu=${FIELDS.join()}`, '--format=csv,noheader,nounits'], env, timeoutMs)
  const faults = error === undefined ? countersOf(out, env) : [`nvidia-smi ${error}`]
  return [...faults, ...xidsOf(await kernelLog(env, timeoutMs), Number(env.GPU_XID_AFTER) || 0)]
}

function countersOf(out, {GPU_COUNT: count}) {
  const rows = out
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => line.split(',').map(cell => cell.trim()))
  const expected = count ? Number(count) : undefined
  if (rows.length === 0 || (expected !== undefined && rows.length !== expected))
    return [`nvidia-smi shows ${rows.length} GPUs, expected ${expected ?? 'at least one'}`]
  return rows.flatMap(([index, name, ecc = '', pending = '', failure = '']) => {
    const gpu = `GPU ${index} (${name})`
    const strange = [ecc, pending, failure].find(cell => !TOLD.test(cell))
    return [
      ...(strange === undefined ? [] : [`${gpu}: nvidia-smi says "${strange}" where a counter is expected`]),
      ...(Number(ecc) > 0 ? [`${gpu}: ${ecc} uncorrected memory errors since the driver was loaded`] : []),
      ...(/^(?:yes|[1-9]\d*)$/i.test(pending) ? [`${gpu}: a memory row waits to be remapped, which a reset does`] : []),
      ...(/^(?:yes|[1-9]\d*)$/i.test(failure) ? [`${gpu}: remapping a memory row failed`] : [])
    ]
  })
}

/** `[ 123.456] NVRM: Xid (PCI:0000:3b:00): 79, pid=…`, with seconds since boot where the log has them. */
function xidsOf(log, afterSeconds) {
  const seen = new Map()
  for (const line of log.split('\n')) {
    const [, device, number] = /NVRM: Xid \(([^)]*)\): (\d+)/.exec(line) ?? []
    const seconds = Number(/^(?:<\d+>)?\[\s*(\d+\.\d+)\]/.exec(line)?.[1] ?? Number.POSITIVE_INFINITY)
    if (number !== undefined && !OF_PROGRAMS.has(Number(number)) && seconds > afterSeconds)
      seen.set(`${device} ${number}`, [device, number])
  }
  return [...seen.values()].map(([device, number]) => `the kernel reported XID ${number} of ${device}`)
}

async function kernelLog(env, timeoutMs) {
  if (env.GPU_XID_LOG) return readFileSync(env.GPU_XID_LOG, 'latin1').slice(-(16 << 20))
  return (await run('dmesg', [], env, timeoutMs)).out
}

/** Ends within the limit, also where the program can't be killed: nvidia-smi of a lost GPU hangs in the kernel. */
function run(program, argv, env, timeoutMs) {
  return new Promise(resolve => {
    const child = execFile(program, argv, {env, maxBuffer: 16 << 20}, (error, out) => {
      clearTimeout(timer)
      resolve({
        out: error ? '' : out,
        error: error
          ? error.code === 'ENOENT'
            ? 'is not on this machine'
            : `failed: ${(out || error.message).trim().split('\n')[0]}`
          : undefined
      })
    })
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      child.unref()
      for (const stream of [child.stdout, child.stderr]) stream?.destroy()
      resolve({out: '', error: `did not answer within ${timeoutMs / 1000} s`})
    }, timeoutMs)
  })
}
