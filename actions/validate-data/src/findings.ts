import type {Contract} from '#shared/contracts/rule'
import {UserError} from '#shared/errors'
import type {Check, Findings, Material} from '#shared/evidence/evidence'
import {gatesMaterial} from '#shared/evidence/material'
import type {Gate} from '#shared/gates/gate'
import {judgeGates} from '#shared/gates/judge'
import type {Table} from '#shared/tables/table'
import {gateAggregates, metricsOf, type Reference} from './metrics.js'
import {missingFigure, type Profile, profileAggregates, profileFacts, profileOf, sampleCardinality} from './profile.js'
import {judgeContract, ruleAggregates} from './rules.js'

export interface DataRequest {
  readonly table: Table
  readonly contract?: Contract
  readonly gates: readonly Gate[]
  readonly reference?: Reference
  readonly showRows: number
}

export interface Judged extends Pick<Findings, 'checks' | 'facts' | 'figures'> {
  readonly checks: readonly Check[]
  readonly materials: readonly Material[]
  readonly profile: Profile
}

/** Judges a table: contract rules, gates and profile are counted in one pass; only broken rules cost another. */
export async function judgeData({table, contract, gates, reference, showRows}: DataRequest): Promise<Judged> {
  if (contract === undefined && gates.length === 0)
    throw new UserError('validate-data: neither contract nor gates are given, so nothing would be judged', {
      hint: 'Give contract: data/contract.yml, or gates: row_count >= 1.',
      kind: 'usage'
    })
  const cardinality = await sampleCardinality(table)
  const measured = await table.measure(columns => [
    ...profileAggregates(columns, cardinality),
    ...(contract === undefined ? [] : ruleAggregates(contract, columns)),
    ...gateAggregates(gates, columns)
  ])
  const columns = await table.columns()
  const profile = profileOf(columns, measured)
  const ruled = contract === undefined ? [] : await judgeContract(contract, table, measured, showRows)
  const gated = gates.length === 0 ? [] : await judgeGates(gates, metricsOf(table, measured, reference), 'validate-data')
  return {
    checks: [...ruled, ...gated],
    materials: gates.length === 0 ? [] : [gatesMaterial(gates)],
    facts: profileFacts(profile, table.files.length),
    figures: missingFigure(profile),
    profile
  }
}
