import {areaY, gridY, line, ruleY} from '@observablehq/plot'
import type {Figure} from '#shared/evidence/evidence'
import {drawBars} from './bars.js'
import {draw, lookOf, TITLED, tick} from './canvas.js'
import {greatest, pointsOf} from './points.js'

/** Steps over numeric bins, one on the other; named bins are drawn as bars. */
export function drawHistogram(figure: Figure): string {
  const {title, xLabel, yLabel, series} = figure
  if (series.some(({x}) => x.some(at => typeof at === 'string'))) return drawBars(figure)
  const drawn = series.map(pointsOf)
  return draw(title, {
    height: 296,
    marginTop: TITLED,
    marginLeft: 52,
    marginBottom: 40,
    x: {label: tick(xLabel, 50), labelArrow: 'none', labelAnchor: 'center'},
    y: {label: tick(yLabel, 50), labelArrow: 'none', domain: [0, greatest(drawn.flat()) * 1.05]},
    marks: [
      gridY({strokeOpacity: 0.08}),
      ruleY([0]),
      ...drawn.map((points, index) => areaY(points, {x: 'x', y: 'y', curve: 'step', fill: lookOf(index).stroke, fillOpacity: 0.15})),
      ...drawn.map((points, index) =>
        line(points, {x: 'x', y: 'y', curve: 'step', stroke: lookOf(index).stroke, strokeWidth: 1.75, strokeDasharray: lookOf(index).dash})
      )
    ]
  })
}
