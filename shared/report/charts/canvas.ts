import {type PlotOptions, plot} from '@observablehq/plot'
import {parseHTML} from 'linkedom'
import {html, visible} from '../inert.js'

/** The looks of the series in order: told apart by their dashes as well as by their colour. The colours are set by the page's style sheet. */
export const LOOKS = [
  {stroke: 'var(--series-1)', dash: undefined},
  {stroke: 'var(--series-2)', dash: '6 4'},
  {stroke: 'var(--series-3)', dash: '2 3'},
  {stroke: 'var(--series-4)', dash: '9 3 2 3'}
] as const

export function lookOf(index: number): (typeof LOOKS)[number] {
  return LOOKS[index % LOOKS.length]
}

export const WIDTH = 520

/** Pixels above a chart whose vertical axis has a title there: clear of the uppermost tick, on a phone too, where letters are larger. */
export const TITLED = 36

/** Draws without a browser; `label` is what a screen reader says of it. Throws nothing for empty marks. */
export function draw(label: string, options: PlotOptions): string {
  const {document} = parseHTML('<!doctype html><html><body></body></html>')
  const drawn = plot({
    width: WIDTH,
    className: 'chart',
    ...options,
    document
  })
  for (const style of drawn.querySelectorAll('style')) style.remove()
  return drawn.outerHTML.replace('<svg ', `<svg role="img" aria-label="${html(label, 200)}" `)
}

/** Text from data short enough for a tick or a label. */
export function tick(text: string | number, limit = 22): string {
  const line = visible(String(text))
  const points = [...line]
  return points.length <= limit ? line : `${points.slice(0, limit - 1).join('')}…`
}

/** Every k-th of many values and the last: what a chart can show. */
export function thinned<T>(values: readonly T[], most = 400): readonly T[] {
  if (values.length <= most) return values
  const stride = Math.ceil(values.length / most)
  return values.filter((_, index) => index % stride === 0 || index === values.length - 1)
}
