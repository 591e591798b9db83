import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {Findings} from '#shared/evidence/evidence'
import {overallOutcome, worstVerdict} from '#shared/evidence/evidence'
import type {Rollout} from '../../../actions/deploy-canary/src/rollout.js'
import {openYard, pump, type Yard} from '../../support/canary.js'
import {serve} from '../../support/served-model.js'

const GOOD = {score: 0.2}
const OTHER = {score: 0.4}
const BROKEN = {score: 0.6, failing: 0.5}

/** A yard whose server serves a first version, promoted by us. */
async function serving(): Promise<{yard: Yard; stable: Awaited<ReturnType<Yard['publish']>>}> {
  const yard = await openYard()
  const stable = await yard.publish(GOOD)
  await yard.run(stable)
  return {yard, stable}
}
const stateOf = async (yard: Yard) => (await yard.registry.readState(yard.key()))?.value as Rollout
const outcome = ({checks, policy}: Findings) => overallOutcome(checks, policy ?? {mode: 'enforce', onInconclusive: 'estimate'})
const message = (findings: Findings, id: string) => findings.checks.find(check => check.id === id)?.message

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
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const seen: string[] = []
  const findings = await yard.run(candidate, {log: line => seen.push(line)})
  expect(findings.outputs).toEqual({result: 'promoted', version: candidate.version})
  expect(outcome(findings)).toBe('green')
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
  const {yard, stable} = await serving()
  const candidate = await yard.publish(BROKEN)
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

test('a warning gate and mode observe stop nothing', async () => {
  const {yard} = await serving()
  const candidate = await yard.publish(BROKEN)
  const warned = await yard.run(candidate, {}, {gates: ['warn: error_rate <= stable', 'error_rate <= 90%']})
  expect(warned.outputs?.result).toBe('promoted')
  expect(warned.checks.find(({id}) => id === 'error_rate <= stable')?.verdict).toBe('warn')
  const again = await yard.publish({...BROKEN, score: 0.61})
  const observed = await yard.run(again, {}, {gates: ['error_rate <= 1%'], mode: 'observe'})
  expect(observed.outputs?.result).toBe('promoted')
  expect(observed.checks.find(({id}) => id === 'error_rate <= 1%')?.verdict).toBe('fail')
  expect(outcome(observed)).toBe('green')
})

test('a slow candidate breaks the line on slow requests', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish({score: 0.7, delayMs: 130})
  const findings = await yard.run(candidate, {}, {gates: ['latency_p95_ms <= 100', 'error_rate <= stable']})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'latency_p95_ms <= 100')).toContain('slow_rate(100ms) for latency_p95_ms')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a bound that is no boundary of the histogram is said before anything moves', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  await expect(yard.run(candidate, {}, {gates: ['slow_rate(260ms) <= stable']})).rejects.toMatchObject({
    message: expect.stringContaining('slow_rate(260ms) <= stable'),
    hint: expect.stringContaining('100ms, 250ms, 500ms')
  })
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect(yard.served.serving.versions.list()).toHaveLength(1)
})

test('no traffic holds, then goes back at the deadline with "0 requests", red', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  yard.traffic = 0
  const findings = await yard.run(candidate, {}, {deadlineMs: 150})
  expect(findings.outputs).toEqual({result: 'rolled-back', version: stable.digest})
  expect(findings.checks.map(({id, verdict}) => [id, verdict])).toEqual([
    ['rollout', 'error'],
    ['error_rate <= stable', 'inconclusive']
  ])
  expect(message(findings, 'error_rate <= stable')).toBe('error_rate <= stable: 0 requests on the candidate')
  expect(message(findings, 'rollout')).toContain('0 requests')
  expect(outcome(findings)).toBe('red')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test.each([
  ['HTML', () => new Response('<html>', {headers: {'content-type': 'text/html'}}), 'expected metrics, got HTML'],
  ['a truncated page', () => new Response('requests_total{version="a"} 1'), 'cut off'],
  ['another tenant', () => new Response('up 1\n'), 'knows nothing of version'],
  ['an error', () => new Response('', {status: 503}), 'status 503']
])('telemetry that gives %s is blind: held, then back', async (_, answer, reason) => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const {openTelemetry} = await import('#shared/telemetry/telemetry')
  const telemetry = openTelemetry({address: 'http://telemetry.example/metrics', fetch: async () => answer()})
  const findings = await yard.run(candidate, {telemetry}, {deadlineMs: 150})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'rollout')).toContain(reason)
  expect(worstVerdict(findings.checks)).toBe('error')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('telemetry that fails in the second step and comes and goes holds there, and is over at the deadline', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const {openTelemetry} = await import('#shared/telemetry/telemetry')
  const sound = yard.ports().telemetry
  const down = openTelemetry({address: 'http://telemetry.example/metrics', fetch: async () => new Response('', {status: 503})})
  let looks = 0
  const steps: number[] = []
  const telemetry: typeof sound = {
    ...sound,
    read: async (...given) => {
      const weight = yard.weights()[candidate.digest] ?? 0
      steps.push(weight)
      if (weight <= 10) return await sound.read(...given)
      // Where it answers, nobody has asked for anything since.
      yard.traffic = 0
      return await (++looks % 2 === 1 ? down : sound).read(...given)
    }
  }
  const findings = await yard.run(candidate, {telemetry}, {deadlineMs: 1500})
  expect(findings.outputs).toEqual({result: 'rolled-back', version: stable.digest})
  expect(looks).toBeGreaterThan(3)
  expect(new Set(steps.filter(weight => weight > 0)).size).toBe(2)
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(stable.digest)
})

test('an abort goes back and stays aborted; before anything moved it is a no-op and green', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const early = await yard.run(candidate, {cancelled: () => true})
  expect(early.checks).toMatchObject([{id: 'rollout', verdict: 'warn', message: expect.stringContaining('nothing was moved')}])
  expect(outcome(early)).toBe('green')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  const late = await yard.run(candidate, {cancelled: () => candidate.digest in yard.weights()})
  expect(late.outputs?.result).toBe('rolled-back')
  expect(message(late, 'rollout')).toContain('the run was cancelled')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a second canary on the endpoint is refused with the run of the holder, and changes nothing', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const second = await yard.publish(BROKEN)
  let refusal: Error | undefined
  const findings = await yard.run(candidate, {
    log: line => {
      if (!line.includes('10% to')) return
      yard.run(second, {holder: {holder: 'o/r 2 deploy', attempt: 1, run: 'https://runs.example/2'}}).catch(error => {
        refusal = error
      })
    }
  })
  expect(findings.outputs?.result).toBe('promoted')
  expect(refusal?.message).toContain('a rollout of v2 is under way in https://runs.example/1')
  expect(yard.served.serving.versions.get(second.digest)).toBeUndefined()
  expect(stable.version).toBe('v1')
})

test('weights that somebody else moves end the rollout and go back', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const findings = await yard.run(candidate, {
    log: line => {
      const {generation} = yard.served.serving.weights()
      if (line.includes('10% to v2'))
        void yard.served.serving.move({[stable.digest]: 30, [candidate.digest]: 70}, generation).catch(() => undefined)
    }
  })
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'rollout')).toContain('moved by somebody else')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('weights that are accepted and not applied fail loudly, with the command', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(BROKEN)
  const ports = yard.ports()
  const endpoint = {
    ...ports.endpoint,
    setWeights: async (weights: Record<string, number>, generation: string) =>
      stable.digest in weights && weights[stable.digest] === 100 ? {weights, generation} : ports.endpoint.setWeights(weights, generation)
  }
  const findings = await yard.run(candidate, {endpoint})
  expect(findings.outputs?.result).toBe('rollback-failed')
  expect(message(findings, 'rollback')).toMatch(/^ROLLBACK FAILED on http.*still has .*Now, by hand .*curl.*PUT.*"[0-9a-f]{64}":100/)
  expect(worstVerdict(findings.checks)).toBe('error')
  const again = await yard.run(candidate, {holder: {holder: 'o/r 1 deploy', attempt: 2, run: 'https://runs.example/1'}})
  expect(again.outputs?.result).toBe('rolled-back')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a model that the server refuses moves nothing', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const modelFile = async () => join(yard.folder, 'server', 'weights.json')
  const findings = await yard.run(candidate, {modelFile})
  expect(findings.checks).toMatchObject([{id: 'rollout', verdict: 'fail', message: expect.stringContaining('refuses model')}])
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a registry that can no longer be written sends the traffic back', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  let writes = 0
  const registry = {
    ...yard.registry,
    writeState: async (...given: Parameters<typeof yard.registry.writeState>) => {
      if (++writes > 3) throw new Error('disk full')
      return await yard.registry.writeState(...given)
    }
  }
  const findings = await yard.run(candidate, {registry})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'rollout')).toContain('the registry could not be written: disk full')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a champion that somebody else moved meanwhile undoes the promotion', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
  const third = await yard.publish({score: 0.9})
  const findings = await yard.run(candidate, {
    log: line => {
      if (line.includes('50% to v2')) void yard.registry.moveAlias({name: 'wages', alias: 'champion', ...third, reason: 'by hand'})
    }
  })
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'rollout')).toContain('alias champion of wages')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(third.digest)
})

test('a run that lost the rollout touches nothing any more', async () => {
  const {yard} = await serving()
  const candidate = await yard.publish(OTHER)
  const taker = async () => {
    const state = await yard.registry.readState(yard.key())
    await yard.registry.writeState(
      yard.key(),
      {
        ...(state?.value as Rollout),
        lease: {holder: 'other', attempt: 1, run: 'https://runs.example/9', expiresAt: '2099-01-01T00:00:00Z'}
      },
      state?.tag ?? null
    )
  }
  let at: Readonly<Record<string, number>> = {}
  let taken: Promise<void> | undefined
  const run = yard.run(candidate, {
    log: () => undefined,
    sleep: async ms => {
      if (candidate.digest in yard.weights()) {
        taken ??= taker()
        await taken
        at = yard.weights()
      }
      await new Promise(resolve => setTimeout(resolve, ms))
    }
  })
  await expect(run).rejects.toThrow('taken over by https://runs.example/9')
  expect(yard.weights()).toEqual(at)
})

test('what a lost run left of another candidate is undone before the next begins', async () => {
  const {yard, stable} = await serving()
  const lost = await yard.publish(BROKEN)
  const candidate = await yard.publish(OTHER)
  const dead = yard.run(lost, {
    log: line => {
      if (line.includes('10% to v2')) throw new Error('killed')
    }
  })
  await expect(dead).rejects.toThrow('killed')
  const later = () => new Date(Date.now() + 120_000)
  const seen: string[] = []
  const holder = {holder: 'o/r 2 deploy', attempt: 1, run: 'https://runs.example/2'}
  const findings = await yard.run(candidate, {now: later, holder, log: line => seen.push(line)}, {deadlineMs: 600_000})
  expect(seen[0]).toContain('taking over the rollout of v2 from https://runs.example/1')
  expect(seen.join('\n')).toContain('rolled-back')
  expect(findings.outputs?.result).toBe('promoted')
  expect(yard.weights()).toEqual({[candidate.digest]: 100})
  expect(stable.version).toBe('v1')
})

test('a restart of the server in the middle loses no request and no weight', async () => {
  const {yard} = await serving()
  const candidate = await yard.publish(OTHER)
  let restarted: Promise<void> | undefined
  const restart = async () => {
    const {port} = new URL(yard.served.address)
    await yard.served.drain(100)
    yard.served = await serve(join(yard.folder, 'server'), {}, Number(port))
    pump(yard)
  }
  const findings = await yard.run(candidate, {
    sleep: async ms => {
      if (yard.weights()[candidate.digest] === 10) restarted ??= restart()
      await restarted
      await new Promise(resolve => setTimeout(resolve, ms))
    }
  })
  expect(findings.outputs?.result).toBe('promoted')
})

test('a server that lost its stable version gets it back from the registry', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(BROKEN)
  const ports = yard.ports()
  let hidden = true
  const endpoint = {
    ...ports.endpoint,
    versions: async () => (await ports.endpoint.versions()).filter(digest => !(hidden && digest === stable.digest)),
    upload: async (digest: string, path: string) => {
      if (digest === stable.digest) hidden = false
      await ports.endpoint.upload(digest, path)
    }
  }
  const findings = await yard.run(candidate, {endpoint})
  expect([findings.outputs?.result, hidden]).toEqual(['rolled-back', false])
})

test('split traffic without a known rollout is refused, with the command that settles it', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
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
  const again = await yard.run(first, {holder: {holder: 'o/r 1 deploy', attempt: 2, run: 'https://runs.example/1'}})
  expect(again.outputs?.result).toBe('promoted')
  expect((await yard.registry.resolve('wages', 'champion'))?.digest).toBe(first.digest)
})

test('a promotion that is undone takes the champion back too', async () => {
  const {yard, stable} = await serving()
  const candidate = await yard.publish(OTHER)
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

test('a clock that jumps two hours changes no deadline', async () => {
  const {yard} = await serving()
  const candidate = await yard.publish(OTHER)
  for (const [hours, release] of [
    [2, candidate],
    [-2, await yard.publish({score: 0.45})]
  ] as const) {
    let jumped = 0
    const now = () => new Date(Date.now() + jumped)
    const findings = await yard.run(release, {
      now,
      log: () => {
        jumped = hours * 3_600_000
      }
    })
    expect(findings.outputs?.result).toBe('promoted')
  }
})
