import type {Figure} from '#shared/evidence/evidence'
import {drawBars} from './bars.js'
import {drawCurve} from './curve.js'
import {drawHistogram} from './histogram.js'
import {drawMatrix} from './matrix.js'
import {drawTimeline} from './timeline.js'

const DRAWN: Readonly<Record<Figure['kind'], (figure: Figure) => string>> = {
  curve: drawCurve,
  bars: drawBars,
  timeline: drawTimeline,
  matrix: drawMatrix,
  histogram: drawHistogram
}

/** A figure as one `<svg>`, or undefined when it holds no value: an empty chart would look like a measurement. */
export function drawFigure(figure: Figure): string | undefined {
  if (!figure.series.some(({y}) => y.some(value => value !== null))) return undefined
  return DRAWN[figure.kind](figure)
}
