import {barX, gridX, type Markish, ruleX, ruleY, text} from '@observablehq/plot'
import type {Figure} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {draw, lookOf, tick} from './canvas.js'

interface Bar {
  readonly group: string
  readonly series: string
  readonly index: number
  readonly y: number | null
  readonly low: number | null
  readonly high: number | null
  readonly label: string
}

const MOST_GROUPS = 30

/** Horizontal bars, a row a group and series, with the interval as a whisker; a group without a value reads "too few". */
export function drawBars(figure: Figure): string {
  const bars = barsOf(figure)
  const groups = [...new Set(bars.map(({group}) => group))]
  const names = [...new Set(bars.map(({series}) => series))]
  const top = Math.max(0, ...bars.flatMap(({y, high}) => [y ?? 0, high ?? 0])) || 1
  return draw(figure.title, {
    height: 52 + groups.length * (names.length * 20 + 12),
    marginLeft: 16 + 7 * Math.max(4, ...groups.map(group => [...group].length)),
    marginRight: 104,
    marginTop: 8,
    marginBottom: 44,
    x: {
      label: tick(figure.yLabel, 50),
      labelArrow: 'none',
      labelAnchor: 'center',
      domain: [0, top <= 1 && top > 0.5 ? 1 : top * 1.05],
      ticks: 5
    },
    y: {axis: null, domain: names, padding: 0.2},
    fy: {label: null, domain: groups, padding: 0.18},
    marks: [
      gridX({strokeOpacity: 0.08}),
      ...names.flatMap((_, index) =>
        rows(
          bars.filter(bar => bar.index === index),
          index
        )
      ),
      ruleX([0])
    ]
  })
}

function barsOf({series}: Figure): readonly Bar[] {
  return series.flatMap(({name, x, y, low, high, n}, index) =>
    x.slice(0, MOST_GROUPS).map((group, at) => ({
      group: tick(group),
      series: `${index} ${name}`,
      index,
      y: y[at] ?? null,
      low: low?.[at] ?? null,
      high: high?.[at] ?? null,
      label: label(y[at] ?? null, n?.[at])
    }))
  )
}

function label(value: number | null, n: number | undefined): string {
  const rows = n === undefined ? '' : ` · n ${formatNumber(n)}`
  return value === null ? `too few${rows}` : `${formatNumber(value)}${rows}`
}

function rows(bars: readonly Bar[], index: number): Markish[] {
  const {stroke} = lookOf(index)
  const known = bars.filter(({y}) => y !== null)
  const sure = known.filter(({low, high}) => low !== null && high !== null)
  const place = {y: 'series', fy: 'group'}
  return [
    barX(known, {...place, x: 'y', fill: stroke, fillOpacity: index === 0 ? 0.5 : 0.12, stroke, strokeDasharray: lookOf(index).dash}),
    ruleY(sure, {...place, x1: 'low', x2: 'high', stroke: 'currentColor', strokeWidth: 1.5, marker: 'tick'}),
    text(bars, {
      ...place,
      frameAnchor: 'right',
      text: 'label',
      dx: 100,
      textAnchor: 'end',
      fill: 'currentColor',
      fillOpacity: 0.75,
      fontVariant: 'tabular-nums'
    })
  ]
}
