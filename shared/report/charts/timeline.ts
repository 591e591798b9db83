import {areaY, dot, gridY, line, type Markish, ruleX, ruleY, text} from '@observablehq/plot'
import type {Figure} from '#shared/evidence/evidence'
import {draw, lookOf, tick} from './canvas.js'
import {greatest, hasBand, type Point, place, pointsOf} from './points.js'

interface Drawn {
  readonly name: string
  readonly points: readonly Point[]
  /** place among all series, which gives it its look */
  readonly index: number
}

/** Series whose greatest values differ by more than this are drawn in panels of their own, or the smaller would be a line on the axis. */
const COMPARABLE = 5
/** Shares of the width: marks nearer than this share one label, and labels of the last part end at their mark. */
const [NEAR, LATE] = [0.03, 0.12]

/** Values over time from 0 up, with their bands, and a labelled vertical line where something happened; one panel above another on one time axis. */
export function drawTimeline(figure: Figure): string {
  const panels = panelsOf(figure.series.map((series, index) => ({name: series.name, points: pointsOf(series), index})))
  return panels.map((drawn, at) => panel(figure, drawn, {single: panels.length === 1, last: at === panels.length - 1})).join('\n')
}

function panelsOf(series: readonly Drawn[]): readonly (readonly Drawn[])[] {
  const panels: Drawn[][] = []
  for (const one of series.toSorted((a, b) => greatest(b.points) - greatest(a.points))) {
    const current = panels.at(-1)
    if (current !== undefined && greatest(current[0].points) <= COMPARABLE * greatest(one.points)) current.push(one)
    else panels.push([one])
  }
  return panels.map(panel => panel.toSorted((a, b) => a.index - b.index))
}

function panel(
  {title, xLabel, yLabel, series, marks = []}: Figure,
  drawn: readonly Drawn[],
  {single, last}: {single: boolean; last: boolean}
): string {
  const names = drawn.map(({name}) => name).join(', ')
  const known = drawn.flatMap(({points}) => points)
  return draw(single ? title : `${title}: ${names}`, {
    width: 800,
    height: single ? 300 : last ? 240 : 130,
    marginLeft: 56,
    marginTop: 28,
    marginRight: 40,
    marginBottom: last ? 40 : 10,
    x: {label: last ? tick(xLabel, 50) : null, labelArrow: 'none', labelAnchor: 'center', ...(!last && {ticks: []}), ...span(series)},
    y: {label: tick(single ? yLabel : names, 60), labelArrow: 'none', domain: [0, headroom(greatest(known))], ...(!last && {ticks: 3})},
    marks: [
      gridY({strokeOpacity: 0.08, ...(!last && {ticks: 3})}),
      ruleY([0]),
      ...happenings(marks.slice(0, 40), last, span(series).domain),
      ...drawn.flatMap(({points, index, name}) => seriesMarks(points, index, name === 'weight')).toReversed()
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

function happenings(marks: NonNullable<Figure['marks']>, labelled: boolean, domain: [number, number] = [0, 0]): Markish[] {
  const shown = marks.map(({x, label}) => ({x: place(x), label: tick(label, 24)}))
  const width = domain[1] - domain[0]
  const at = (mark: {x: unknown}) => (typeof mark.x === 'number' ? mark.x : Number.NaN)
  // Of two that stand together the later one says how it ended.
  const apart = shown.filter((mark, index) => index === shown.length - 1 || !(at(shown[index + 1]) - at(mark) < NEAR * width))
  const [late, early] = [
    (mark: {x: unknown}) => at(mark) > domain[1] - LATE * width,
    (mark: {x: unknown}) => !(at(mark) > domain[1] - LATE * width)
  ]
  const labels = {x: 'x', text: 'label', frameAnchor: 'top', fill: 'currentColor'} as const
  return [
    ruleX(shown, {x: 'x', stroke: 'currentColor', strokeOpacity: 0.4, strokeDasharray: '3 3'}),
    ...(labelled
      ? [
          text(apart.filter(early), {...labels, dx: 5, textAnchor: 'start'}),
          text(apart.filter(late), {...labels, dx: -5, textAnchor: 'end'})
        ]
      : [])
  ]
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
