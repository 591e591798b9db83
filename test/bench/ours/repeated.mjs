import {median} from '../paired.mjs'

const ENOUGH_S = 5

/** Prints what `work` answers, with the median of the time that it took: 7 times or 5 seconds long, after once that does not count. */
export function printRepeated(work) {
  const answer = work()
  const seconds = []
  const cpuS = []
  const end = performance.now() + ENOUGH_S * 1000
  for (let round = 0; round < 7 && (round === 0 || performance.now() < end); round++) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    work()
    seconds.push((performance.now() - start) / 1000)
    const {user, system} = process.cpuUsage(cpu)
    cpuS.push((user + system) / 1e6)
  }
  console.log(JSON.stringify({seconds: median(seconds), cpuS: median(cpuS), answer}))
}
