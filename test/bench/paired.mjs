/**
 * Measures ours and the peer in turns, `rounds` times, so that what else the machine does meets both. Gives the medians of the numbers that both
 * functions return and the last answer of each; `peer` may be missing.
 */
export async function paired(rounds, ours, peer) {
  const first = []
  const second = []
  for (let round = 0; round < rounds; round++) {
    first.push(await ours())
    if (peer) second.push(await peer())
  }
  return {ours: medians(first), ...(peer && {peer: medians(second)})}
}

function medians(runs) {
  const last = runs.at(-1)
  const numbers = Object.keys(last).filter(key => typeof last[key] === 'number')
  return {...last, ...Object.fromEntries(numbers.map(key => [key, median(runs.map(one => one[key]))]))}
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
