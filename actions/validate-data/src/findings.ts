import type {Contract} from '#shared/contracts/rule'
import {UserError} from '#shared/errors'
import type {Check, Findings, Material} from '#shared/evidence/evidence'
import {gatesMaterial} from '#shared/evidence/material'
import type {Gate} from '#shared/gates/gate'
import {judgeGates} from '#shared/gates/judge'
import type {Cell} from '#shared/tables/database'
import type {Table} from '#shared/tables/table'
import {type FirstRows, readFirstRows} from './first-rows.js'
import {gateAggregates, metricsOf, type Reference} from './metrics.js'
import {type Profile, profileAggregates, profileOf, refined} from './profile.js'
import {missingFigure, profileFacts} from './profile-facts.js'
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

/** Judges a table: contract rules, gates and profile are counted in one pass; only broken rules cost another, and odd first rows. */
export async function judgeData({table, contract, gates, reference, showRows}: DataRequest): Promise<Judged> {
  if (contract === undefined && gates.length === 0)
    throw new UserError('neither contract nor gates are given, so nothing would be judged', {
      hint: 'Give contract: data/contract.yml, or gates: row_count >= 1.',
      kind: 'usage'
    })
  const first = await readFirstRows(table)
  const measured = await table.measure(columns => [
    ...profileAggregates(columns, first),
    ...(contract === undefined ? [] : ruleAggregates(contract, columns)),
    ...gateAggregates(gates, columns)
  ])
  const profile = await profileBy(first, table, measured)
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

/** The profile, measured once more where the first rows were too unlike the rest. */
async function profileBy(first: FirstRows, table: Table, measured: Readonly<Record<string, Cell>>): Promise<Profile> {
  const columns = await table.columns()
  const better = refined(columns, measured, first)
  if (better === undefined) return profileOf(columns, measured, first)
  const known = new Set(profileAggregates(columns, first).map(({sql}) => sql))
  const more = await table.measure(() => profileAggregates(columns, better).filter(({sql}) => !known.has(sql)))
  return profileOf(columns, {...measured, ...more}, better)
}
