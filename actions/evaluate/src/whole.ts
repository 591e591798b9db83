import {QUALITY, type QualityName, type Sampling, type Scored} from '#shared/metrics/quality'
import type {Estimate} from '#shared/stats/estimate'

/** A metric of one model on the whole exam; gates, facts and charts ask for the same ones, and each is measured once. */
export type Whole = (name: QualityName, scored: Scored) => Estimate

export function measuredOnce(sampling: Sampling): Whole {
  const known = new Map<Scored, Map<QualityName, Estimate>>()
  return (name, scored) => {
    const ofModel = known.get(scored) ?? new Map<QualityName, Estimate>()
    known.set(scored, ofModel)
    const estimate = ofModel.get(name) ?? QUALITY[name].measure(scored, sampling)
    ofModel.set(name, estimate)
    return estimate
  }
}

export function qualityNames(): QualityName[] {
  return Object.keys(QUALITY) as QualityName[]
}
