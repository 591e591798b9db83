import {execFileSync} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {fakeGitHub} from '../support/github/fake.js'
import {conditionsOfOwnMachines, contextOf, EVENTS} from '../support/pull-events.js'
import {temporaryFolder} from '../support/registry.js'
import {BUCKET, LAUNCHES, startS3} from '../support/s3-servers.js'
import {type Ending, openYard, type Place, throughAct, throughTrainyard} from './act/example.js'
import {runAct} from './act/machine.js'
import {leftOut, node24, program} from './found.js'

const act = program('act')
const versitygw = program('versitygw')

describe.skipIf(act === undefined || node24 === undefined)(`act${leftOut({act, node24})}`, {timeout: 300_000}, () => {
  const through = async (change?: string) => {
    const ours = await throughTrainyard(await openYard(change))
    const {log, ...theirs} = await throughAct(await openYard(change), act ?? '', node24 ?? '')
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

  const elsewhere = async (place: Place): Promise<Ending> => {
    const {log, ...ending} = await throughAct(await openYard(undefined, place), act ?? '', node24 ?? '')
    expect(ending, log).toEqual(await throughTrainyard(await openYard()))
    return ending
  }

  test('comes to the same with the registry github and nothing but the token', async () => {
    const github = await fakeGitHub()
    onTestFinished(() => github.close())
    github.token = 'token-of-the-job'
    await elsewhere({registry: 'github', secrets: {GITHUB_TOKEN: github.token}, env: {GITHUB_API_URL: github.url}})
    expect(github.misfits).toEqual([])
    expect(github.requests.length).toBeLessThanOrEqual(60)
  })

  test.skipIf(versitygw === undefined)(`comes to the same with a bucket${leftOut({versitygw})}`, async () => {
    const server = await startS3(LAUNCHES.versitygw(versitygw ?? ''))
    onTestFinished(() => server.stop())
    await elsewhere({registry: `s3://${BUCKET}/wages`, env: server.env})
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
  test.each(EVENTS.filter(([, name]) => !['merge_group', 'pull_request_review'].includes(name)))(
    'starts a job on a machine of one’s own or not: %s',
    async (_, name, payload, may) => {
      const folder = await temporaryFolder()
      const repository = join(folder, 'wages')
      mkdirSync(join(repository, '.github/workflows'), {recursive: true})
      const [condition] = conditionsOfOwnMachines().values()
      const job = (given: object) => ({'runs-on': 'ubuntu-latest', steps: [{run: 'true'}], ...given})
      const workflow = {on: {[name]: null}, jobs: {first: job({}), train: job({needs: 'first', if: condition})}}
      writeFileSync(join(repository, '.github/workflows/w.yml'), JSON.stringify(workflow))
      const git = (...argv: string[]) => execFileSync('git', ['-c', 'commit.gpgsign=false', ...argv], {cwd: repository, stdio: 'pipe'})
      git('init', '--quiet', '--initial-branch=main')
      git('remote', 'add', 'origin', 'https://github.com/octo/wages.git')
      git('-c', 'user.name=ada', '-c', 'user.email=ada@example.invalid', 'commit', '--quiet', '--allow-empty', '--message', 'Begin')
      const event = {name, payload: contextOf(name, payload).event}
      const wish = {act: act ?? '', node: node24 ?? '', repository, workflow: '.github/workflows/w.yml', folder, repositories: {}, event}
      expect((await runAct(wish)).jobs).toEqual(may ? {first: 'success', train: 'success'} : {first: 'success'})
    }
  )
})
