import {areaY, dot, gridY, line, type Markish, ruleX, ruleY, text} from '@observablehq/plot'
import type {Figure} from '#shared/evidence/evidence'
import {draw, lookOf, TITLED, tick} from './canvas.js'
import {greatest, hasBand, type Point, place, pointsOf} from './points.js'

interface Drawn {
  readonly name: string
  readonly points: readonly Point[]
  /** place among all series, which gives it its look */
  readonly index: number
}

/** Series whose greatest values differ by more than this are drawn in panels of their own, or the smaller would be a line on the axis. */
const COMPARABLE = 5
const [WIDTH, LEFT, RIGHT] = [800, 56, 40]
/** Pixels: of a label's letter at most, and between a label and its mark or the next label. */
const [LETTER, GAP] = [7.2, 5]
const MOST_MARKS = 40

/** Values over time from 0 up, with their bands, and a labelled vertical line where something happened; one panel above another on one time axis. */
export function drawTimeline(figure: Figure): string {
  const panels = panelsOf(figure.series.map((series, index) => ({name: series.name, points: pointsOf(series), index})))
  return panels.map((drawn, at) => panel(figure, drawn, {single: panels.length === 1, last: at === panels.length - 1})).join('\n')
}

function panelsOf(series: readonly Drawn[]): readonly (readonly Drawn[])[] {
  const panels: Drawn[][] = []
  for (const family of familiesOf(series)) {
    const [first] = panels.at(-1) ?? []
    if (first !== undefined && !isWeight(first) && most(panels.at(-1) ?? []) <= COMPARABLE * most(family)) panels.at(-1)?.push(...family)
    else panels.push([...family])
  }
  return panels.map(panel => panel.toSorted((a, b) => a.index - b.index))
}

/** The weight first, then by size. What canary and stable are measured by stays together: apart, neither could be held against the other. */
function familiesOf(series: readonly Drawn[]): readonly (readonly Drawn[])[] {
  const quantityOf = ({name}: Drawn) => name.replace(/^(?:canary|stable) /, '')
  const families = [...new Set(series.map(quantityOf))].map(quantity => series.filter(one => quantityOf(one) === quantity))
  return families.toSorted((a, b) => Number(isWeight(b[0])) - Number(isWeight(a[0])) || most(b) - most(a))
}

function isWeight({name}: Drawn): boolean {
  return name === 'weight'
}

function most(family: readonly Drawn[]): number {
  return greatest(family.flatMap(({points}) => points))
}

function panel(
  {title, xLabel, yLabel, series, marks = []}: Figure,
  drawn: readonly Drawn[],
  {single, last}: {single: boolean; last: boolean}
): string {
  const names = drawn.map(({name}) => name).join(', ')
  const known = drawn.flatMap(({points}) => points)
  return draw(single ? title : `${title}: ${names}`, {
    width: WIDTH,
    height: single ? 306 : last ? 246 : 136,
    marginLeft: LEFT,
    marginTop: TITLED,
    marginRight: RIGHT,
    marginBottom: last ? 40 : 10,
    x: {label: last ? tick(xLabel, 50) : null, labelArrow: 'none', labelAnchor: 'center', ...(!last && {ticks: []}), ...span(series)},
    y: {label: tick(single ? yLabel : names, 60), labelArrow: 'none', domain: [0, headroom(greatest(known))], ...(!last && {ticks: 3})},
    marks: [
      gridY({strokeOpacity: 0.08, ...(!last && {ticks: 3})}),
      ruleY([0]),
      ...happenings(marks.slice(0, MOST_MARKS), last, span(series).domain),
      ...drawn.flatMap(one => seriesMarks(one.points, one.index, isWeight(one))).toReversed()
    ]
  })
}

/** Room above the greatest value; a share has none above 1. */
function headroom(most: number): number {
  return most <= 1 && most * 1.2 > 1 ? 1 : most * 1.2
}

/** The time axis of all series, so that panels stand exactly one above another. */
function span(series: Figure['series']): {readonly domain?: [number, number]} {
  const at = series.flatMap(({x}) => [x[0], x.at(-1)]).filter(x => typeof x === 'number')
  return at.length === 0 ? {} : {domain: [Math.min(...at), Math.max(...at)]}
}

interface Label {
  readonly x: ReturnType<typeof place>
  readonly label: string
  /** pixels from the left, and whether it ends at its mark */
  readonly from: number
  readonly to: number
  readonly before: boolean
}

function happenings(marks: NonNullable<Figure['marks']>, labelled: boolean, domain: [number, number] = [0, 0]): Markish[] {
  const labels = labelled ? labelsOf(marks, domain) : []
  const look = {x: 'x', text: 'label', frameAnchor: 'top', fill: 'currentColor'} as const
  const rules = marks.map(({x}) => ({x: place(x)}))
  const [before, after] = [labels.filter(one => one.before), labels.filter(one => !one.before)]
  return [
    ruleX(rules, {x: 'x', stroke: 'currentColor', strokeOpacity: 0.4, strokeDasharray: '3 3'}),
    ...(after.length > 0 ? [text(after, {...look, dx: GAP, textAnchor: 'start'})] : []),
    ...(before.length > 0 ? [text(before, {...look, dx: -GAP, textAnchor: 'end'})] : [])
  ]
}

/** Labels that stand clear of each other; of two that would not, the later one stays: it says how it ended. */
function labelsOf(marks: NonNullable<Figure['marks']>, domain: [number, number]): readonly Label[] {
  const kept: Label[] = []
  for (const mark of marks.toReversed()) {
    const one = labelOf(mark, domain)
    if (kept.every(({from, to}) => !(one.from < to + GAP && from < one.to + GAP))) kept.push(one)
  }
  return kept
}

function labelOf(mark: {readonly x: number | string; readonly label: string}, [start, end]: [number, number]): Label {
  const [x, label] = [place(mark.x), tick(mark.label, 24)]
  const at = typeof x === 'number' ? LEFT + ((WIDTH - LEFT - RIGHT) * (x - start)) / (end - start || 1) : LEFT
  const width = GAP + LETTER * [...label].length
  const before = at + width > WIDTH
  return {x, label, before, from: before ? at - width : at, to: before ? at : at + width}
}

function seriesMarks(points: readonly Point[], index: number, stepped: boolean): Markish[] {
  const {stroke, dash} = lookOf(index)
  const band = hasBand(points) ? [areaY(points, {x: 'x', y1: 'low', y2: 'high', fill: stroke, fillOpacity: 0.13})] : []
  const few = points.length <= 40 && !stepped ? [dot(points, {x: 'x', y: 'y', fill: stroke, r: 2.5})] : []
  const path = {
    x: 'x',
    y: 'y',
    stroke,
    strokeWidth: 2,
    strokeDasharray: dash,
    curve: stepped ? ('step-after' as const) : ('linear' as const)
  }
  return [...few, line(points, path), ...band]
}
