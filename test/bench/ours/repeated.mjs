import {median} from '../paired.mjs'

/** Prints what `work` answers, with the median of the time that it took: 7 times, after once that does not count. */
export function printRepeated(work) {
  const answer = work()
  const seconds = []
  const cpuS = []
  for (let round = 0; round < 7; round++) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    work()
    seconds.push((performance.now() - start) / 1000)
    const {user, system} = process.cpuUsage(cpu)
    cpuS.push((user + system) / 1e6)
  }
  console.log(JSON.stringify({seconds: median(seconds), cpuS: median(cpuS), answer}))
}
