import {areaY, dot, gridX, gridY, line, type Markish, ruleY} from '@observablehq/plot'
import type {Figure} from '#shared/evidence/evidence'
import {draw, lookOf, TITLED, tick} from './canvas.js'
import {hasBand, type Point, pointsOf} from './points.js'

const UNIT_SQUARE = ['roc', 'calibration', 'precision_recall']
const DIAGONAL = [
  {x: 0, y: 0},
  {x: 1, y: 1}
]

/** Lines with their bands; ROC and calibration on the unit square with the diagonal for comparison. */
export function drawCurve({id, title, xLabel, yLabel, series}: Figure): string {
  const square = UNIT_SQUARE.includes(id)
  const drawn = series.map(pointsOf)
  const marks = [gridX({strokeOpacity: 0.08}), gridY({strokeOpacity: 0.08}), ...(square && id !== 'precision_recall' ? [diagonal()] : [])]
  return draw(title, {
    width: square ? 480 : 520,
    height: square ? 460 : 320,
    marginTop: TITLED,
    marginLeft: 52,
    marginBottom: 44,
    x: {label: tick(xLabel, 50), labelArrow: 'none', labelAnchor: 'center', nice: !square, ...(square && {domain: [0, 1]})},
    y: {label: tick(yLabel, 50), labelArrow: 'none', nice: !square, ...(square && {domain: [0, 1]})},
    marks: [...marks, ...drawn.flatMap((points, index) => seriesMarks(points, index, id)).toReversed(), ...(square ? [ruleY([0])] : [])]
  })
}

function diagonal(): Markish {
  return line(DIAGONAL, {x: 'x', y: 'y', stroke: 'currentColor', strokeOpacity: 0.35, strokeDasharray: '2 4'})
}

function seriesMarks(points: readonly Point[], index: number, id: string): Markish[] {
  const {stroke, dash} = lookOf(index)
  const path = line(points, {x: 'x', y: 'y', stroke, strokeWidth: 2, strokeDasharray: dash, strokeLinejoin: 'round'})
  const band = hasBand(points) ? [areaY(points, {x: 'x', y1: 'low', y2: 'high', fill: stroke, fillOpacity: 0.13})] : []
  const few = points.length <= 20 && id !== 'roc' ? [dot(points, {x: 'x', y: 'y', fill: stroke, r: 3})] : []
  return [...few, path, ...band]
}
