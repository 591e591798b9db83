/** A row with its ratio; where there is no peer, none. `more` is true where more is better. */
export function row({work, unit = 's', ours, peer, peerName = 'none', target, more = false, oursCpuS, peerCpuS}) {
  return {
    work,
    ours: rounded(ours),
    peer: peer === undefined ? null : rounded(peer),
    peerName,
    ratio: peer === undefined ? null : rounded(ours / peer),
    target: rounded(target),
    unit,
    more,
    oursCpuS: rounded(oursCpuS),
    peerCpuS: rounded(peerCpuS)
  }
}

/** Whether a row meets its target; null where it could not be told. */
export function meets({ours, ratio, target, more}) {
  if (more) return ours >= target
  return ratio === null ? null : ratio <= target
}

const HEADINGS = ['work', 'ours', 'peer', 'ratio', 'target', '', 'CPU of ours', 'of the peer']

/** The rows as a table of text. */
export function renderTable(rows) {
  const lines = [HEADINGS, ...rows.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map(line => line[column].length)))
  return lines
    .map(line =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

function cells(one) {
  const amount = value => (value === null ? '-' : `${value} ${one.unit}`)
  const met = meets(one)
  return [
    one.work,
    amount(one.ours),
    one.peer === null ? '-' : `${one.peerName}: ${amount(one.peer)}`,
    one.ratio === null ? '-' : String(one.ratio),
    `${one.more ? '≥' : '≤'} ${one.target}`,
    met === null ? '' : met ? 'met' : 'missed',
    one.oursCpuS === null ? '' : `${one.oursCpuS} s`,
    one.peerCpuS === null ? '' : `${one.peerCpuS} s`
  ]
}

function rounded(value) {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(3))
}
