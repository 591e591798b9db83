import type {Check} from '#shared/evidence/evidence'
import {isRatio} from '../numbers.js'

const WIDTH = 120
const EDGE = 8

/**
 * A check's interval as a line with its estimate as a dot, against its bound as a vertical line; an open side runs to the edge.
 * Against `reference + x` everything is the difference; empty where the bound of the difference is not known (`reference * x`), and for a ratio.
 */
export function strip(check: Check): string {
  const drawn = scaleOf(check)
  if (drawn === undefined) return ''
  const {estimate, bound, low, high} = drawn
  const known = [estimate, bound, ...(low === null ? [] : [low]), ...(high === null ? [] : [high])]
  const [least, most] = [Math.min(...known), Math.max(...known)]
  const span = most - least || 1
  const at = (value: number) => (EDGE + ((WIDTH - 2 * EDGE) * (value - least)) / span).toFixed(1)
  const from = low === null ? '0' : at(low)
  const to = high === null ? String(WIDTH) : at(high)
  const ends = [low === null ? '' : `<path d="M${from} 6v6"/>`, high === null ? '' : `<path d="M${to} 6v6"/>`].join('')
  return (
    `<svg class="strip" viewBox="0 0 ${WIDTH} 18" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">` +
    `<path d="M${at(bound)} 1v16" stroke-dasharray="2 1.5"/><g class="${check.verdict}" stroke="currentColor"><path d="M${from} 9H${to}"/>${ends}` +
    `<circle cx="${at(estimate)}" cy="9" r="3.2" fill="currentColor" stroke="none"/></g></svg>`
  )
}

interface Scale {
  readonly estimate: number
  readonly bound: number
  readonly low: number | null
  readonly high: number | null
}

function scaleOf(check: Check): Scale | undefined {
  const {id, measured, bound, interval, reference} = check
  if (interval === undefined || bound === undefined || measured === undefined || isRatio(check)) return undefined
  const {low, high} = interval
  if (reference === undefined) return {estimate: measured, bound, low, high}
  if (reference.value === null || reference.difference === undefined || id.includes('*')) return undefined
  return {estimate: reference.difference, bound: bound - reference.value, low, high}
}
