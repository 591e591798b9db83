import type {Scored} from '#shared/metrics/scored'
import {type Random, random} from '#shared/stats/random'
import exams from '../fixtures/metrics.json' with {type: 'json'}

/** Exams with scikit-learn's values of every metric. */
export const REFERENCE_EXAMS = exams.exams.map(({name, labels, scores, threshold, values}) => ({
  name,
  values,
  scored: scoredOf(Uint8Array.from(labels, Number), Float64Array.from(scores), threshold)
}))

export function scoredOf(labels: Uint8Array, scores: Float64Array, threshold = 0.5): Scored {
  return {labels, scores, predictions: Uint8Array.from(scores, score => (score >= threshold ? 1 : 0))}
}

export function normal(next: Random): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}

function probability(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

/** Two models of the same drawn rows: the second sees the truth through so much more noise. */
export function drawnExam(n: number, seed: number, noise = 0.4): {candidate: Scored; reference: Scored} {
  const next = random(seed)
  const logits = Float64Array.from({length: n}, () => normal(next) * 1.5 - 0.5)
  const labels = Uint8Array.from(logits, logit => (next() < probability(logit) ? 1 : 0))
  return {
    candidate: scoredOf(labels, logits.map(probability)),
    reference: scoredOf(
      labels,
      logits.map(logit => probability(logit + noise * normal(next)))
    )
  }
}

/** Every k-th row. */
export function everyRow(n: number, k: number): Uint32Array {
  return Uint32Array.from({length: Math.ceil(n / k)}, (_, i) => i * k)
}
