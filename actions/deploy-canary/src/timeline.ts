import type {Figure, Series} from '#shared/evidence/evidence'
import type {Rollout} from './rollout.js'
import {NOTHING, type Tally} from './tallies.js'

const MOST_POINTS = 240

/** Weight and error rates over the seconds of a rollout, with a mark at each move. Rates are those of the step so far. */
export function timeline(trail: readonly Rollout[]): Figure {
  const points = thinned(trail)
  const x = points.map(({elapsedMs}) => Math.round(elapsedMs / 100) / 10)
  const rates = (name: string, side: (rollout: Rollout) => Tally): Series => ({
    name,
    x,
    y: points.map(point => rateOf(side(point))),
    n: points.map(point => side(point).requests)
  })
  return {
    kind: 'timeline',
    id: 'rollout',
    title: 'Rollout',
    xLabel: 'seconds',
    yLabel: 'share',
    series: [
      {name: 'weight', x, y: points.map(point => (point.weights[point.candidate.digest] ?? 0) / 100)},
      rates('canary error rate', point => current(point)?.canary ?? NOTHING),
      rates('stable error rate', point => current(point)?.stable ?? NOTHING)
    ],
    marks: marksOf(trail)
  }
}

function current({phase, step, tallies}: Rollout) {
  return phase === 'step' ? tallies[step] : undefined
}

function rateOf({errors, requests}: Tally): number | null {
  return requests === 0 ? null : errors / requests
}

function moved(before: Rollout, after: Rollout): boolean {
  return before.phase !== after.phase || before.step !== after.step
}

function marksOf(trail: readonly Rollout[]) {
  const turns = trail.filter((rollout, index) => index > 0 && moved(trail[index - 1], rollout))
  return turns.map(({phase, steps, step, elapsedMs}) => ({
    x: Math.round(elapsedMs / 100) / 10,
    label: phase === 'step' ? `${steps[step]}%` : phase
  }))
}

// Turns stay; of what lies between them every so many-th point.
function thinned(trail: readonly Rollout[]): readonly Rollout[] {
  const stride = Math.ceil(trail.length / MOST_POINTS)
  const turn = (index: number) => index === 0 || index === trail.length - 1 || moved(trail[index - 1], trail[index])
  return trail.filter((_, index) => index % stride === 0 || turn(index) || turn(index + 1 < trail.length ? index + 1 : index))
}
