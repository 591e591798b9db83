import type {Estimate} from '#shared/stats/estimate'
import {averagePrecisionAgainstOverall, compareAveragePrecision, measureAveragePrecision} from './average-precision.js'
import {compareEce, eceAgainstOverall, measureEce} from './calibration.js'
import {BALANCED_ACCURACY, type CellMetric, cellsAgainstOverall, comparePaired, F1, measureCells} from './cells.js'
import {BRIER, compareLoss, LOG_LOSS, type LossMetric, lossAgainstOverall, measureLoss} from './probability.js'
import {aucAgainstOverall, compareAuc, measureAuc} from './roc-auc.js'
import {requireSameExam, type Sampling, type Scored} from './scored.js'
import {ACCURACY, compareShare, measureShare, PRECISION, RECALL, type ShareMetric, shareAgainstOverall} from './shares.js'

/** A metric of binary classification, by scikit-learn's name and definition. */
export interface QualityMetric {
  readonly unit: 'share' | 'number'
  readonly needs: 'scores' | 'predictions'
  /** the value with its bounds; throws UserError when the scores cannot be used */
  readonly measure: (scored: Scored, sampling?: Sampling) => Estimate
  /** `candidate - factor * reference` on the rows of the candidate; both hold the same exam. The same model differs by exactly 0. */
  readonly compare: (candidate: Scored, reference: Scored, factor: number, sampling?: Sampling) => Estimate
  /** the rows of a slice minus factor times all rows of `scored`, of which the slice is a part */
  readonly compareWithOverall: (scored: Scored, sliceRows: Uint32Array, factor: number, sampling?: Sampling) => Estimate
}

type Compare = (candidate: Scored, reference: Scored, factor: number, sampling: Sampling) => Estimate

function onSameExam(compare: Compare): QualityMetric['compare'] {
  return (candidate, reference, factor, sampling = {}) => {
    requireSameExam(candidate, reference)
    return compare(candidate, reference, factor, sampling)
  }
}

function share(metric: ShareMetric): QualityMetric {
  return {
    unit: 'share',
    needs: 'predictions',
    measure: scored => measureShare(metric, scored),
    compare: onSameExam((...given) => compareShare(metric, ...given)),
    compareWithOverall: (scored, sliceRows, factor) => shareAgainstOverall(metric, {...scored, rows: sliceRows}, scored, factor)
  }
}

function cells(metric: CellMetric): QualityMetric {
  return {
    unit: 'share',
    needs: 'predictions',
    measure: scored => measureCells(metric, scored),
    compare: onSameExam((...given) => comparePaired(metric, ...given)),
    compareWithOverall: (scored, sliceRows, factor, sampling = {}) =>
      cellsAgainstOverall(metric, {...scored, rows: sliceRows}, scored, factor, sampling)
  }
}

function loss(metric: LossMetric): QualityMetric {
  return {
    unit: 'number',
    needs: 'scores',
    measure: scored => measureLoss(metric, scored),
    compare: onSameExam((candidate, reference, factor) => compareLoss(metric, candidate, reference, factor)),
    compareWithOverall: (scored, sliceRows, factor) => lossAgainstOverall(metric, {...scored, rows: sliceRows}, scored, factor)
  }
}

const ROC_AUC: QualityMetric = {
  unit: 'share',
  needs: 'scores',
  measure: measureAuc,
  compare: onSameExam(compareAuc),
  compareWithOverall: (scored, sliceRows, factor) => aucAgainstOverall({...scored, rows: sliceRows}, scored, factor)
}

const AVERAGE_PRECISION: QualityMetric = {
  unit: 'share',
  needs: 'scores',
  measure: (scored, sampling = {}) => measureAveragePrecision(scored, sampling),
  compare: onSameExam(compareAveragePrecision),
  compareWithOverall: (scored, sliceRows, factor, sampling = {}) =>
    averagePrecisionAgainstOverall({...scored, rows: sliceRows}, scored, factor, sampling)
}

const ECE: QualityMetric = {
  unit: 'share',
  needs: 'scores',
  measure: (scored, sampling = {}) => measureEce(scored, sampling),
  compare: onSameExam(compareEce),
  compareWithOverall: (scored, sliceRows, factor, sampling = {}) =>
    eceAgainstOverall({...scored, rows: sliceRows}, scored, factor, sampling)
}

/** Every metric that a quality gate can name. */
export const QUALITY: Readonly<Record<QualityName, QualityMetric>> = {
  roc_auc: ROC_AUC,
  average_precision: AVERAGE_PRECISION,
  accuracy: share(ACCURACY),
  balanced_accuracy: cells(BALANCED_ACCURACY),
  precision: share(PRECISION),
  recall: share(RECALL),
  f1: cells(F1),
  log_loss: loss(LOG_LOSS),
  brier: loss(BRIER),
  ece: ECE
}

export type QualityName =
  | 'roc_auc'
  | 'average_precision'
  | 'accuracy'
  | 'balanced_accuracy'
  | 'precision'
  | 'recall'
  | 'f1'
  | 'log_loss'
  | 'brier'
  | 'ece'

export type {Sampling, Scored} from './scored.js'
