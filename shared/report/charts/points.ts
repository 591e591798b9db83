import type {Series} from '#shared/evidence/evidence'
import {thinned, tick} from './canvas.js'

/** One value of a series; `x` is a number, a moment, or a name. */
export interface Point {
  readonly x: number | Date | string
  readonly y: number
  readonly low: number
  readonly high: number
}

/** The drawable values of a series: a gap is NaN, which breaks a line and draws no mark. */
export function pointsOf({x, y, low, high}: Series): readonly Point[] {
  const all = x.map((at, index) => ({x: place(at), y: known(y[index]), low: known(low?.[index]), high: known(high?.[index])}))
  return thinned(all)
}

function known(value: number | null | undefined): number {
  return value === null || value === undefined ? Number.NaN : value
}

/** An ISO 8601 time becomes a moment; other text stays a name. */
export function place(at: number | string): number | Date | string {
  if (typeof at === 'number') return at
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(at) && !Number.isNaN(Date.parse(at)) ? new Date(at) : tick(at)
}

export function hasBand(points: readonly Point[]): boolean {
  return points.some(({low, high}) => Number.isFinite(low) && Number.isFinite(high))
}

/** The greatest value that the figure must show; 1 when there is none above 0. */
export function greatest(points: readonly Point[]): number {
  return points.reduce((most, {y, high}) => Math.max(most, Number.isFinite(y) ? y : 0, Number.isFinite(high) ? high : 0), 0) || 1
}
