import type {Figure} from '#shared/evidence/evidence'
import {formatNumber} from '#shared/evidence/number'
import {calibrationCurve, rocCurve} from '#shared/metrics/curves'
import type {Scored} from '#shared/metrics/quality'
import type {Whole} from './whole.js'

/** ROC and calibration of candidate and champion, candidate first. */
export function qualityFigures(sitters: readonly {readonly name: string; readonly scored: Scored}[], whole: Whole): Figure[] {
  const roc: Figure = {
    kind: 'curve',
    id: 'roc',
    title: 'ROC',
    xLabel: 'false positive rate',
    yLabel: 'true positive rate',
    series: sitters.map(({name, scored}) => rocCurve(withAuc(name, whole('roc_auc', scored).value), scored))
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

function withAuc(name: string, auc: number | null): string {
  return auc === null ? name : `${name} (AUC ${formatNumber(auc)})`
}
