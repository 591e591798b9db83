import type {Fact, Figure, Findings, Material} from '#shared/evidence/evidence'
import {gatesMaterial} from '#shared/evidence/material'
import type {Champion} from '#shared/exam/champion'
import type {Answers, Exam} from '#shared/exam/exam'
import type {Gate} from '#shared/gates/gate'
import {judgeGates} from '#shared/gates/judge'
import {QUALITY, type QualityName, type Scored} from '#shared/metrics/quality'
import {qualityFigures} from './figures.js'
import {type Judged, measuredQuality} from './table.js'
import {measuredOnce, qualityNames, type Whole} from './whole.js'

export interface Sat {
  readonly gates: readonly Gate[]
  readonly exam: Exam
  readonly champion: Pick<Champion, 'state' | 'title'>
  /** absent: no gate asks for it */
  readonly base?: Pick<Champion, 'state' | 'title'>
  readonly given?: Judged['given']
  readonly threshold: number
  readonly seed: number
}

/** Judges the candidate's answers, alone and paired with the champion's and the base's. */
export async function judgeQuality({
  gates,
  exam,
  champion,
  base,
  given,
  threshold,
  seed
}: Sat): Promise<Pick<Findings, 'checks' | 'figures' | 'facts' | 'materials'>> {
  const candidate = scoredBy(exam, exam.candidate)
  const other = exam.champion && scoredBy(exam, exam.champion)
  const rivals = {
    champion: {state: champion.state, scored: other},
    base: {state: base?.state ?? {kind: 'ready' as const}, scored: exam.base && scoredBy(exam, exam.base)}
  }
  const whole = measuredOnce({seed})
  const measured = measuredQuality({exam, candidate, rivals, given, whole, seed})
  const checks = await judgeGates(gates, measured, 'evaluate')
  return {
    checks,
    figures: figuresOf(candidate, other, exam, champion.title, whole),
    facts: [
      ...factsOf(exam, {candidate, champion: other, title: champion.title, threshold, whole}),
      ...(base === undefined ? [] : [{name: 'base', value: base.title}])
    ],
    materials: [...exam.data, gatesMaterial(gates), ...rivalMaterial('champion', exam.champion), ...rivalMaterial('model', exam.base)]
  }
}

function scoredBy({labels}: Exam, {scores, predictions}: Answers): Scored {
  return {labels, scores, predictions}
}

function figuresOf(candidate: Scored, champion: Scored | undefined, exam: Exam, title: string, whole: Whole): readonly Figure[] {
  if (candidate.scores === undefined) return []
  const series = [
    {name: exam.candidate.name, scored: candidate},
    ...(champion?.scores === undefined ? [] : [{name: `champion ${title}`, scored: champion}])
  ]
  return qualityFigures(series, whole)
}

interface Told {
  readonly candidate: Scored
  readonly champion?: Scored
  readonly title: string
  readonly threshold: number
  readonly whole: Whole
}

function factsOf({n, labels, championFault}: Exam, {candidate, champion, title, threshold, whole}: Told): Fact[] {
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const value = (name: QualityName, scored: Scored) =>
    QUALITY[name].needs === 'scores' && scored.scores === undefined ? null : whole(name, scored).value
  return [
    {name: 'rows', value: n},
    {name: 'positives', value: positives},
    {name: 'threshold', value: threshold},
    {name: 'champion', value: championFault === undefined ? title : `${title}, not compared: ${championFault}`},
    ...qualityNames().flatMap(name => [
      {name, value: value(name, candidate)},
      ...(champion === undefined ? [] : [{name: `${name} of the champion`, value: value(name, champion)}])
    ])
  ]
}

function rivalMaterial(kind: 'champion' | 'model', rival: Answers | undefined): Material[] {
  return rival === undefined ? [] : [{kind, name: rival.name, digest: rival.digest, size: rival.size}]
}
