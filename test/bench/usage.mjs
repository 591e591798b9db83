// Preloaded into a measured process: when it ends, writes what it cost to the file that BENCH_USAGE names.
import {existsSync, readFileSync, writeFileSync} from 'node:fs'

const file = process.env.BENCH_USAGE
delete process.env.BENCH_USAGE
if (file !== undefined) {
  process.on('exit', () => {
    const {userCPUTime, systemCPUTime, maxRSS} = process.resourceUsage()
    // The counter of the system begins with the process that started this one; the high-water mark of Linux does not.
    const peak = existsSync('/proc/self/status') ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) : maxRSS
    writeFileSync(file, JSON.stringify({cpuS: (userCPUTime + systemCPUTime) / 1e6, peakMiB: peak / 1024}))
  })
}
