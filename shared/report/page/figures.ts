import type {Evidence, Figure, Series} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {lookOf} from '../charts/canvas.js'
import {drawFigure} from '../charts/figure.js'
import {html} from '../inert.js'
import {BOUNDS, range} from '../numbers.js'
import {tableOf} from './tables.js'

const MOST_FIGURES = 40
const MOST_ROWS = 200
const SQUARE = ['roc', 'calibration', 'precision_recall']
const FIRST = ['roc', 'selection_rate', 'rollout', 'calibration']

/** Every figure with its legend and its numbers as a table; those that decide come first. */
export function figuresOf(evidence: readonly Evidence[]): string {
  const figures = evidence
    .flatMap(one => one.figures.map(figure => ({figure, action: one.action.name})))
    .toSorted((a, b) => rank(a.figure) - rank(b.figure))
  const drawn = figures.slice(0, MOST_FIGURES).flatMap(({figure, action}) => framed(figure, action))
  const rest = figures.length - MOST_FIGURES
  if (drawn.length === 0) return ''
  return `<div class="figures">${drawn.join('\n')}</div>${rest > 0 ? `<p class="muted">${formatNumber(rest)} more figures in the evidence.</p>` : ''}`
}

function rank({id, kind}: Figure): number {
  const place = FIRST.findIndex(name => id === name || id.startsWith(`${name}(`))
  return place < 0 || (id === 'rollout' && kind !== 'timeline') ? FIRST.length : place
}

function framed(figure: Figure, action: string): readonly string[] {
  const chart = drawFigure(figure)
  if (chart === undefined) return []
  const shape = figure.kind === 'timeline' ? ' class="wide"' : SQUARE.includes(figure.id) ? ' class="tall"' : ''
  return [
    `<figure${shape}><figcaption>${html(figure.title, 120)}<small>${html(action, 80)}</small></figcaption>${legend(figure)}${chart}
<details><summary>Numbers</summary>${numbers(figure)}</details></figure>`
  ]
}

function legend({series, kind}: Figure): string {
  if (kind === 'matrix' || series.length < 2) return ''
  const items = series.slice(0, 12).map(({name}, index) => `<li>${swatch(index)}${html(name, 60)}</li>`)
  return `<ul class="legend">${items.join('')}</ul>`
}

function swatch(index: number): string {
  const {stroke, dash} = lookOf(index)
  return `<svg width="28" height="10" aria-hidden="true"><path d="M0 5h28" stroke="${stroke}" stroke-width="2.5"${dash === undefined ? '' : ` stroke-dasharray="${dash}"`}/></svg>`
}

function numbers({title, xLabel, yLabel, series}: Figure): string {
  const rows = series.flatMap(one => one.x.slice(0, MOST_ROWS).map((at, index) => row(one, at, index)))
  const columns = [
    {name: xLabel},
    {name: 'series'},
    {name: yLabel, kind: 'number' as const},
    {name: BOUNDS, kind: 'interval' as const},
    {name: 'n', kind: 'number' as const}
  ]
  const left = series.reduce((n, {x}) => n + x.length, 0) - Math.min(rows.length, MOST_ROWS)
  return `${tableOf(title, columns, rows.slice(0, MOST_ROWS))}${left > 0 ? `<p class="muted">${formatNumber(left)} more in the evidence.</p>` : ''}`
}

function row({name, y, low, high, n}: Series, at: number | string, index: number): readonly string[] {
  const value = y[index]
  const bounded = low?.[index] !== undefined || high?.[index] !== undefined
  return [
    typeof at === 'number' ? formatNumber(at) : html(at, 80),
    html(name, 60),
    value === null || value === undefined ? 'none' : formatNumber(value),
    bounded && value !== null ? html(range({low: low?.[index] ?? null, high: high?.[index] ?? null})) : '',
    n?.[index] === undefined ? '' : formatNumber(n[index])
  ]
}
