import {areaY, dot, gridY, line, type Markish, ruleX, ruleY, text} from '@observablehq/plot'
import type {Figure} from '#shared/evidence/evidence'
import {draw, lookOf, tick} from './canvas.js'
import {greatest, hasBand, type Point, place, pointsOf} from './points.js'

/** Values over time from 0 up, with their bands, and a labelled vertical line where something happened. */
export function drawTimeline({title, xLabel, yLabel, series, marks = []}: Figure): string {
  const drawn = series.map(pointsOf)
  return draw(title, {
    width: 800,
    height: 300,
    marginLeft: 56,
    marginTop: 28,
    marginRight: 40,
    marginBottom: 40,
    x: {label: tick(xLabel, 50), labelArrow: 'none', labelAnchor: 'center'},
    y: {label: tick(yLabel, 50), labelArrow: 'none', domain: [0, greatest(drawn.flat()) * 1.2]},
    marks: [
      gridY({strokeOpacity: 0.08}),
      ruleY([0]),
      ...happenings(marks.slice(0, 40)),
      ...drawn.flatMap((points, index) => seriesMarks(points, index)).toReversed()
    ]
  })
}

function happenings(marks: NonNullable<Figure['marks']>): Markish[] {
  const shown = marks.map(({x, label}) => ({x: place(x), label: tick(label, 24)}))
  return [
    ruleX(shown, {x: 'x', stroke: 'currentColor', strokeOpacity: 0.4, strokeDasharray: '3 3'}),
    text(shown, {x: 'x', text: 'label', frameAnchor: 'top', dx: 5, textAnchor: 'start', fill: 'currentColor'})
  ]
}

function seriesMarks(points: readonly Point[], index: number): Markish[] {
  const {stroke, dash} = lookOf(index)
  const band = hasBand(points) ? [areaY(points, {x: 'x', y1: 'low', y2: 'high', fill: stroke, fillOpacity: 0.13})] : []
  const few = points.length <= 40 ? [dot(points, {x: 'x', y: 'y', fill: stroke, r: 2.5})] : []
  return [...few, line(points, {x: 'x', y: 'y', stroke, strokeWidth: 2, strokeDasharray: dash}), ...band]
}
