import type {Fact, Figure, Findings, Material} from '#shared/evidence/evidence'
import {gatesMaterial} from '#shared/evidence/material'
import type {Champion} from '#shared/exam/champion'
import type {Answers, Exam} from '#shared/exam/exam'
import type {Gate} from '#shared/gates/gate'
import {judgeGates} from '#shared/gates/judge'
import {QUALITY, type QualityMetric} from '#shared/metrics/quality'
import type {Scored} from '#shared/metrics/scored'
import {qualityFigures} from './figures.js'
import {type Judged, measuredQuality} from './table.js'

export interface Sat {
  readonly gates: readonly Gate[]
  readonly exam: Exam
  readonly champion: Pick<Champion, 'state' | 'title'>
  readonly given?: Judged['given']
  readonly threshold: number
  readonly seed: number
}

/** Judges the candidate's answers, alone and paired with the champion's. */
export async function judgeQuality({
  gates,
  exam,
  champion,
  given,
  threshold,
  seed
}: Sat): Promise<Pick<Findings, 'checks' | 'figures' | 'facts' | 'materials'>> {
  const candidate = scoredBy(exam, exam.candidate)
  const other = exam.champion && scoredBy(exam, exam.champion)
  const championState =
    exam.championFault === undefined ? champion.state : ({kind: 'error', message: `champion: ${exam.championFault}`} as const)
  const checks = await judgeGates(gates, measuredQuality({exam, candidate, champion: other, championState, given, seed}), 'evaluate')
  return {
    checks,
    figures: figuresOf(candidate, other, exam, champion.title),
    facts: factsOf(exam, candidate, other, champion.title, threshold),
    materials: [...exam.data, gatesMaterial(gates), ...championMaterial(exam.champion)]
  }
}

function scoredBy({labels}: Exam, {scores, predictions}: Answers): Scored {
  return {labels, scores, predictions}
}

function figuresOf(candidate: Scored, champion: Scored | undefined, exam: Exam, title: string): readonly Figure[] {
  if (candidate.scores === undefined) return []
  const series = [
    {name: exam.candidate.name, scored: candidate},
    ...(champion?.scores === undefined ? [] : [{name: `champion ${title}`, scored: champion}])
  ]
  return qualityFigures(series)
}

function factsOf(exam: Exam, candidate: Scored, champion: Scored | undefined, title: string, threshold: number): Fact[] {
  const positives = exam.labels.reduce((sum, label) => sum + label, 0)
  return [
    {name: 'rows', value: exam.n},
    {name: 'positives', value: positives},
    {name: 'threshold', value: threshold},
    {name: 'champion', value: title},
    ...Object.entries(QUALITY).flatMap(([name, metric]) => valuesOf(name, metric, candidate, champion))
  ]
}

function valuesOf(name: string, {needs, measure}: QualityMetric, candidate: Scored, champion: Scored | undefined): Fact[] {
  const value = (scored: Scored) => (needs === 'scores' && scored.scores === undefined ? null : measure(scored).value)
  return [{name, value: value(candidate)}, ...(champion === undefined ? [] : [{name: `${name} of the champion`, value: value(champion)}])]
}

function championMaterial(champion: Answers | undefined): Material[] {
  return champion === undefined ? [] : [{kind: 'champion', name: champion.name, digest: champion.digest, size: champion.size}]
}
