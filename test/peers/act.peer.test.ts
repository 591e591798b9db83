import {describe, expect, test} from 'vitest'
import {openYard, throughAct, throughTrainyard} from './act/example.js'
import {leftOut, node24, program} from './found.js'

const act = program('act')

describe.skipIf(act === undefined || node24 === undefined)(`act${leftOut({act, node24})}`, {timeout: 300_000}, () => {
  const through = async (change?: string) => {
    const ours = await throughTrainyard(await openYard(change))
    const {log, ...theirs} = throughAct(await openYard(change), act ?? '', node24 ?? '')
    expect(theirs, log).toEqual(ours)
    return ours
  }

  test('runs the example green, as trainyard run does', async () => {
    const {jobs, evidence} = await through()
    expect(new Set(Object.values(jobs))).toEqual(new Set(['success']))
    const steps = evidence.map(({artifact, action}) => `${artifact} ${action}`)
    expect(steps).toEqual([
      'trainyard-data validate-data',
      'trainyard-deploy deploy-canary',
      'trainyard-deploy report',
      'trainyard-judge check-fairness',
      'trainyard-judge check-robustness',
      'trainyard-judge evaluate',
      'trainyard-publish publish',
      'trainyard-report report',
      'trainyard-train train'
    ])
  })

  test.each([
    ['raw-data', 'data', 'validate-data'],
    ['biased-model', 'judge', 'check-fairness']
  ])('runs %s red in the job %s, as trainyard run does', async (change, job, action) => {
    const {jobs, evidence} = await through(change)
    expect(Object.keys(jobs).filter(id => jobs[id] === 'failure')).toContain(job)
    expect(jobs).toMatchObject({publish: 'skipped', deploy: 'skipped'})
    expect(evidence.find(one => one.action === action)).toMatchObject({verdict: 'fail', outcome: 'red'})
  })
})
