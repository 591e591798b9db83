import type {Fact, Figure, Findings} from '#shared/evidence/evidence'
import {gatesMaterial} from '#shared/evidence/material'
import type {Champion} from '#shared/exam/champion'
import type {Answers, Exam} from '#shared/exam/exam'
import {ALPHA} from '#shared/gates/decision'
import type {Gate} from '#shared/gates/gate'
import {judgeGates} from '#shared/gates/judge'
import {DISPARITIES, proportionOf, RATES, type Rate, smallGroups} from '#shared/metrics/disparities'
import {cellsByGroup} from '#shared/metrics/groups'
import type {Scored} from '#shared/metrics/scored'
import {wilson} from '#shared/stats/proportions'
import {gatesBySensitive, groupingOf, measuredFairness} from './table.js'

export interface FairnessRequest {
  readonly gates: readonly Gate[]
  readonly sensitive: readonly string[]
  readonly exam: Exam
  readonly champion: Pick<Champion, 'state' | 'title'>
  /** absent: no gate asks for it */
  readonly base?: Pick<Champion, 'state' | 'title'>
  readonly minimumGroup: number
  readonly seed: number
}

/** Judges the disparities between groups, and shows each group's rates with their bounds. */
export async function judgeFairness(request: FairnessRequest): Promise<Pick<Findings, 'checks' | 'figures' | 'facts' | 'materials'>> {
  const {exam, champion, base, sensitive, minimumGroup, seed} = request
  const gates = gatesBySensitive(request.gates, sensitive, exam.names)
  const candidate = scoredBy(exam, exam.candidate)
  const other = exam.champion && scoredBy(exam, exam.champion)
  const rivals = {
    champion: {state: champion.state, scored: other},
    base: {state: base?.state ?? {kind: 'ready' as const}, scored: exam.base && scoredBy(exam, exam.base)}
  }
  const measured = measuredFairness({exam, candidate, rivals, sensitive, options: {minimumGroup, seed}})
  const checks = await judgeGates(gates, measured, 'check-fairness')
  const sitters = [
    {name: 'candidate', scored: candidate},
    ...(other === undefined ? [] : [{name: `champion ${champion.title}`, scored: other}])
  ]
  return {
    checks,
    figures: sensitive.flatMap(column => ratesOf(column, sitters, request)),
    facts: [
      {name: 'rows', value: exam.n},
      {name: 'minimum group', value: minimumGroup},
      {name: 'champion', value: champion.title},
      ...(base === undefined ? [] : [{name: 'base', value: base.title}]),
      ...listedApart(gates, candidate, request)
    ],
    materials: [
      ...exam.data,
      gatesMaterial(request.gates),
      ...(exam.champion === undefined ? [] : [{kind: 'champion' as const, name: exam.champion.name, digest: exam.champion.digest}]),
      ...(exam.base === undefined ? [] : [{kind: 'model' as const, name: exam.base.name, digest: exam.base.digest}])
    ]
  }
}

function scoredBy({labels}: Exam, {scores, predictions}: Answers): Scored {
  return {labels, scores, predictions}
}

function ratesOf(column: string, sitters: readonly {readonly name: string; readonly scored: Scored}[], request: FairnessRequest): Figure[] {
  return Object.entries(RATES).map(([id, rate]) => ({
    kind: 'bars',
    id: `${id}(${column})`,
    title: `${rate.name[0].toUpperCase()}${rate.name.slice(1)} by ${column}`,
    xLabel: column,
    yLabel: rate.name,
    series: sitters.map(({name, scored}) => barsOf(name, column, rate, scored, request))
  }))
}

function barsOf(name: string, column: string, rate: Rate, scored: Scored, {exam, minimumGroup}: FairnessRequest): Figure['series'][number] {
  const grouping = groupingOf([column], exam)
  const bars = cellsByGroup(grouping, scored).map(cells => {
    const share = proportionOf(rate, cells)
    const small = share.n < Math.max(rate.least, 1) || cells.reduce((sum, n) => sum + n, 0) < minimumGroup
    const bounds = small ? undefined : wilson(share, ALPHA)
    return {y: small ? null : share.successes / share.n, low: bounds?.low ?? null, high: bounds?.high ?? null, n: share.n}
  })
  return {
    name,
    x: grouping.names,
    y: bars.map(({y}) => y),
    low: bars.map(({low}) => low),
    high: bars.map(({high}) => high),
    n: bars.map(({n}) => n)
  }
}

/** Groups that no disparity counted, a fact for each set of columns that is gated or sensitive. */
function listedApart(gates: readonly Gate[], candidate: Scored, {exam, sensitive, minimumGroup}: FairnessRequest): Fact[] {
  const gated = gates.filter(gate => Object.hasOwn(DISPARITIES, gate.metric))
  const sets = new Map(
    [...sensitive.map(column => [column]), ...gated.map(({items}) => [...items])].map(columns => [columns.join(' × '), columns])
  )
  return [...sets].flatMap(([title, columns]) => {
    const grouping = groupingOf(columns, exam)
    const rates = gated.filter(({items}) => items.join(' × ') === title).flatMap(({metric}) => DISPARITIES[metric].rates)
    const small = smallGroups({names: grouping.names, cells: cellsByGroup(grouping, candidate)}, rates, {minimumGroup})
    return small.length === 0 ? [] : [{name: `too few (${title})`, value: small.map(({name, reason}) => `${name}: ${reason}`).join('; ')}]
  })
}
