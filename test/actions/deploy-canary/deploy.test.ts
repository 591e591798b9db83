import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {worstVerdict} from '#shared/evidence/evidence'
import {BROKEN, GOOD, message, nextRun, openYard, outcomeOf, serving, stateOf} from '../../support/canary.js'

test('the first deployment takes all traffic, compared with nothing, and becomes champion', async () => {
  const yard = await openYard()
  const first = await yard.publish(GOOD)
  const findings = await yard.run(first)
  expect(findings.checks).toEqual([
    {id: 'first_deployment', verdict: 'warn', message: expect.stringContaining('first deployment: compared with nothing')}
  ])
  expect(findings.outputs).toEqual({result: 'promoted', version: first.version})
  expect(yard.weights()).toEqual({[first.digest]: 100})
  expect(await yard.registry.resolve('wages', 'champion')).toMatchObject(first)
  expect(await stateOf(yard)).toMatchObject({phase: 'promoted', applied: true, lastGood: null})
})

test('a candidate that serves already moves nothing', async () => {
  const {yard, stable} = await serving()
  const before = await stateOf(yard)
  const findings = await yard.run(stable)
  expect(findings.checks).toMatchObject([{id: 'already_serving', verdict: 'pass'}])
  expect(findings.outputs).toEqual({result: 'promoted', version: stable.version})
  expect(await stateOf(yard)).toEqual(before)
})

test('a candidate as good as stable goes through every step and is promoted', async () => {
  const {yard, stable, candidate} = await serving()
  const seen: string[] = []
  const findings = await yard.run(candidate, {log: line => seen.push(line)})
  expect(findings.outputs).toEqual({result: 'promoted', version: candidate.version})
  expect(outcomeOf(findings)).toBe('green')
  expect(yard.weights()).toEqual({[candidate.digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(candidate.digest)
  const champion = (await yard.registry.log('wages')).filter(entry => entry.alias === 'champion')
  expect(champion.map(({event, digest, reason}) => ({event, digest, reason}))).toEqual([
    {event: 'promoted', digest: stable.digest, reason: expect.stringContaining('first deployment')},
    {event: 'promoted', digest: candidate.digest, reason: expect.stringContaining('canary')}
  ])
  const state = await stateOf(yard)
  expect(state.tallies.map(({percent}) => percent)).toEqual([10, 50])
  for (const {canary} of state.tallies) expect(canary.requests).toBeGreaterThanOrEqual(50)
  expect(message(findings, 'error_rate <= stable')).toMatch(
    /error_rate 0 \(0 of \d+\) against 0 .* is not settled.*no harm in \d+ requests/
  )
  expect(findings.figures?.[0]).toMatchObject({
    kind: 'timeline',
    id: 'rollout',
    marks: expect.arrayContaining([{x: expect.any(Number), label: '50%'}])
  })
  expect(seen.join('\n')).toMatch(/10% to v2[\s\S]*50% to v2[\s\S]*promoted/)
})

test('a candidate that fails goes back at once, and the champion stays', async () => {
  const {yard, stable, candidate} = await serving(BROKEN)
  const findings = await yard.run(candidate)
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(stable.digest)
  expect(worstVerdict(findings.checks)).toBe('fail')
  expect(message(findings, 'error_rate <= stable')).toMatch(
    /error_rate 0\.\d+ \(\d+ of \d+\) against 0 \(0 of \d+\): "at most stable" is proven broken/
  )
  expect(message(findings, 'rollout')).toMatch(
    /v2 was rolled back: error_rate <= stable: proven broken at 10%\. Stable takes all traffic again/
  )
  expect((await stateOf(yard)).tallies).toHaveLength(1)
})

test('what was rolled back is in the log, once: when, where, at which weight and why', async () => {
  const {yard, candidate} = await serving(BROKEN)
  await yard.run(candidate)
  const {updatedAt: at} = await stateOf(yard)
  const [entry, ...more] = (await yard.registry.log('wages')).filter(({rollout}) => rollout !== undefined)
  expect(more).toEqual([])
  expect(entry).toMatchObject({
    ...{...candidate, event: 'rolled-back', alias: null, by: 'ada', at, runUrl: 'https://runs.example/1'},
    ...{reason: 'error_rate <= stable: proven broken at 10%', rollout: {endpoint: yard.served.address, percent: 10}}
  })
  expect((await yard.registry.history('wages')).holes).toEqual([])
  await yard.run(candidate)
  expect((await yard.registry.log('wages')).filter(({rollout}) => rollout !== undefined)).toHaveLength(2)
})

test('a log that cannot be told does not hold the way back up, and is told before the next rollout begins', async () => {
  const {yard, stable, candidate} = await serving(BROKEN)
  const logUndone = () => Promise.reject(new Error('no route'))
  const seen: string[] = []
  await yard.run(candidate, {registry: {...yard.registry, logUndone}, log: line => seen.push(line)})
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect(seen.join('\n')).toContain(`the log can't be told that ${candidate.version} was rolled back: no route`)
  const told = async () => (await yard.registry.log('wages')).filter(({rollout}) => rollout).map(({version}) => version)
  expect(await told()).toEqual([])
  const {entries, holes} = await yard.registry.history('wages')
  expect(entries.at(-1)).toMatchObject({...candidate, event: 'rolled-back', rollout: {percent: 10}})
  expect(holes).toEqual([expect.stringContaining(`${candidate.version}: that its canary on `)])
  const next = await yard.publish({score: 0.7})
  expect((await yard.run(next)).outputs?.result).toBe('promoted')
  expect(await told()).toEqual([candidate.version])
  expect((await yard.registry.history('wages')).holes).toEqual([])
})

test('a warning gate and mode observe stop nothing', async () => {
  const {yard, candidate} = await serving(BROKEN)
  const warned = await yard.run(candidate, {}, {gates: ['warn: error_rate <= stable', 'error_rate <= 90%']})
  expect(warned.outputs?.result).toBe('promoted')
  expect(warned.checks.find(({id}) => id === 'error_rate <= stable')?.verdict).toBe('warn')
  const again = await yard.publish({...BROKEN, score: 0.61})
  const observed = await yard.run(again, {}, {gates: ['error_rate <= 1%'], mode: 'observe'})
  expect(observed.outputs?.result).toBe('promoted')
  expect(observed.checks.find(({id}) => id === 'error_rate <= 1%')?.verdict).toBe('fail')
  expect(outcomeOf(observed)).toBe('green')
})

test('a slow candidate breaks the line on slow requests', async () => {
  const {yard, stable, candidate} = await serving({score: 0.7, delayMs: 130})
  const findings = await yard.run(candidate, {}, {gates: ['latency_p95_ms <= 100', 'error_rate <= stable']})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'latency_p95_ms <= 100')).toContain('slow_rate(100ms) for latency_p95_ms')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a bound that is no boundary of the histogram is said before anything moves', async () => {
  const {yard, stable, candidate} = await serving()
  await expect(yard.run(candidate, {}, {gates: ['slow_rate(260ms) <= stable']})).rejects.toMatchObject({
    message: expect.stringContaining('slow_rate(260ms) <= stable'),
    hint: expect.stringContaining('100ms, 250ms, 500ms')
  })
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect(yard.served.serving.versions.list()).toHaveLength(1)
})

test('an abort goes back and stays aborted; before anything moved it is a no-op and green', async () => {
  const {yard, stable, candidate} = await serving()
  const early = await yard.run(candidate, {cancelled: () => true})
  expect(early.checks).toMatchObject([{id: 'rollout', verdict: 'warn', message: expect.stringContaining('nothing was moved')}])
  expect(outcomeOf(early)).toBe('green')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  const late = await yard.run(candidate, {cancelled: () => candidate.digest in yard.weights()})
  expect(late.outputs?.result).toBe('rolled-back')
  expect(message(late, 'rollout')).toContain('the run was cancelled')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a model that the server refuses moves nothing', async () => {
  const {yard, stable, candidate} = await serving()
  const modelFile = async () => join(yard.folder, 'server', 'weights.json')
  const findings = await yard.run(candidate, {modelFile})
  expect(findings.checks).toMatchObject([{id: 'rollout', verdict: 'fail', message: expect.stringContaining('refuses model')}])
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('split traffic without a known rollout is refused, with the command that settles it', async () => {
  const {yard, stable, candidate} = await serving()
  await yard.ports().endpoint.upload(candidate.digest, await yard.ports().modelFile(candidate))
  await yard.served.serving.move({[stable.digest]: 60, [candidate.digest]: 40}, yard.served.serving.weights().generation)
  await rm(join(yard.root, 'canaries'), {recursive: true})
  await expect(yard.run(candidate)).rejects.toMatchObject({
    message: expect.stringContaining('what is stable'),
    hint: expect.stringContaining(`"${stable.digest}":100`)
  })
})

test('a first deployment whose alias can not be moved holds, and the next run finishes it', async () => {
  const yard = await openYard()
  const first = await yard.publish(GOOD)
  const registry = {...yard.registry, moveAlias: () => Promise.reject(new Error('registry down'))}
  const held = await yard.run(first, {registry})
  expect(held.outputs).toEqual({result: 'holding', version: first.version})
  expect(held.checks).toMatchObject([{id: 'rollout', verdict: 'error', message: expect.stringContaining('Run this again')}])
  expect(await yard.registry.resolve('wages', 'champion')).toBeNull()
  const again = await yard.run(first, nextRun(1, 2))
  expect(again.outputs?.result).toBe('promoted')
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(first.digest)
})

test('a promotion that is undone takes the champion back too', async () => {
  const {yard, stable, candidate} = await serving()
  let answers = 0
  const registry = {
    ...yard.registry,
    moveAlias: async (...given: Parameters<typeof yard.registry.moveAlias>) => {
      const moved = await yard.registry.moveAlias(...given)
      if (given[0].digest === candidate.digest && ++answers <= 4) throw new Error('the answer was lost')
      return moved
    }
  }
  const findings = await yard.run(candidate, {registry})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(stable.digest)
  expect((await yard.registry.log('wages')).at(-1)).toMatchObject({event: 'rolled-back', digest: stable.digest})
})
