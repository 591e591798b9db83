import {cell, text} from '@observablehq/plot'
import type {Figure} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {draw, tick} from './canvas.js'

const MOST = 20

/** A cell a series and x, its number in it and its share of the greatest as shade. */
export function drawMatrix({title, xLabel, yLabel, series}: Figure): string {
  const cells = series
    .slice(0, MOST)
    .flatMap(({name, x, y}) => x.slice(0, MOST).map((at, index) => ({x: tick(at, 14), row: tick(name), value: y[index] ?? null})))
  const greatest = Math.max(0, ...cells.map(({value}) => Math.abs(value ?? 0))) || 1
  const names = [...new Set(cells.map(({row}) => row))]
  return draw(title, {
    width: 440,
    height: 92 + 52 * names.length,
    marginLeft: 22 + 7 * Math.max(4, ...names.map(name => [...name].length)),
    marginTop: 30,
    marginBottom: 42,
    x: {label: tick(xLabel, 40), labelArrow: 'none', labelAnchor: 'center', domain: [...new Set(cells.map(({x}) => x))], padding: 0.04},
    y: {label: tick(yLabel, 40), labelArrow: 'none', labelAnchor: 'top', domain: names, padding: 0.06},
    marks: [
      cell(cells, {
        x: 'x',
        y: 'row',
        fill: 'var(--series-1)',
        fillOpacity: ({value}: {value: number | null}) => 0.06 + (0.4 * Math.abs(value ?? 0)) / greatest
      }),
      text(cells, {
        x: 'x',
        y: 'row',
        text: ({value}: {value: number | null}) => (value === null ? 'none' : formatNumber(value)),
        fill: 'currentColor',
        fontSize: 14
      })
    ]
  })
}
