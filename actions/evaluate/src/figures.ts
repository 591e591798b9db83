import type {Figure} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {calibrationCurve, rocCurve} from '#shared/metrics/curves'
import {QUALITY, type Scored} from '#shared/metrics/quality'

/** ROC and calibration of candidate and champion, candidate first. */
export function qualityFigures(sitters: readonly {readonly name: string; readonly scored: Scored}[]): Figure[] {
  const roc: Figure = {
    kind: 'curve',
    id: 'roc',
    title: 'ROC',
    xLabel: 'false positive rate',
    yLabel: 'true positive rate',
    series: sitters.map(({name, scored}) => rocCurve(withAuc(name, scored), scored))
  }
  const calibration: Figure = {
    kind: 'curve',
    id: 'calibration',
    title: 'Calibration',
    xLabel: 'predicted share',
    yLabel: 'observed share',
    series: sitters.map(({name, scored}) => calibrationCurve(name, scored))
  }
  return [roc, calibration]
}

function withAuc(name: string, scored: Scored): string {
  const {value} = QUALITY.roc_auc.measure(scored)
  return value === null ? name : `${name} (AUC ${formatNumber(value)})`
}
