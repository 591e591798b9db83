import {join} from 'node:path'
import {expect, test} from 'vitest'
import {worstVerdict} from '#shared/evidence/evidence'
import type {Rollout} from '../../../actions/deploy-canary/src/rollout.js'
import {BROKEN, killedAt, message, nextRun, OTHER, outcomeOf, pump, serving} from '../../support/canary.js'
import {serve} from '../../support/served-model.js'

test('no traffic holds, then goes back at the deadline with "0 requests", red', async () => {
  const {yard, stable, candidate} = await serving()
  yard.traffic = 0
  const findings = await yard.run(candidate, {}, {deadlineMs: 150})
  expect(findings.outputs).toEqual({result: 'rolled-back', version: stable.digest})
  expect(findings.checks.map(({id, verdict}) => [id, verdict])).toEqual([
    ['rollout', 'error'],
    ['error_rate <= stable', 'inconclusive']
  ])
  expect(message(findings, 'error_rate <= stable')).toBe('error_rate <= stable: 0 requests on the candidate')
  expect(message(findings, 'rollout')).toContain('0 requests')
  expect(outcomeOf(findings)).toBe('red')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

const json = (text: string) => new Response(text, {headers: {'content-type': 'application/json'}})

test.each([
  ['HTML', () => new Response('<html>', {headers: {'content-type': 'text/html'}}), 'expected metrics, got HTML'],
  ['a truncated page', () => new Response('requests_total{version="a"} 1'), 'cut off'],
  ['truncated JSON', () => json('{"a": {"requests": 1'), 'expected JSON, got 20 characters that are none'],
  ['counts that are none', () => json('{"a": {"requests": -1, "errors": 0}}'), 'requests: expected a whole number of at least 0'],
  ['JSON of another tenant', () => json('{}'), 'knows nothing of version'],
  ['another tenant', () => new Response('up 1\n'), 'knows nothing of version'],
  ['an error', () => new Response('', {status: 503}), 'status 503']
])('telemetry that gives %s is blind: held, then back', async (_, answer, reason) => {
  const {yard, stable, candidate} = await serving()
  const {openTelemetry} = await import('#shared/telemetry/telemetry')
  const telemetry = openTelemetry({address: 'http://telemetry.example/metrics', fetch: async () => answer()})
  const findings = await yard.run(candidate, {telemetry}, {deadlineMs: 150})
  expect(findings.outputs?.result).toBe('rolled-back')
  expect(message(findings, 'rollout')).toContain(reason)
  expect(worstVerdict(findings.checks)).toBe('error')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('telemetry that fails in the second step and comes and goes holds there, and is over at the deadline', async () => {
  const {yard, stable, candidate} = await serving()
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

test('a second canary on the endpoint is refused with the run of the holder, and changes nothing', async () => {
  const {yard, candidate} = await serving()
  const second = await yard.publish(BROKEN)
  let refusal: Error | undefined
  const findings = await yard.run(candidate, {
    log: line => {
      if (!line.includes('10% to')) return
      yard.run(second, nextRun(2)).catch(error => {
        refusal = error
      })
    }
  })
  expect(findings.outputs?.result).toBe('promoted')
  expect(refusal?.message).toContain('a rollout of v2 is under way in https://runs.example/1')
  expect(yard.served.serving.versions.get(second.digest)).toBeUndefined()
})

test('weights that somebody else moves end the rollout and go back', async () => {
  const {yard, stable, candidate} = await serving()
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
  const {yard, stable, candidate} = await serving(BROKEN)
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
  const again = await yard.run(candidate, nextRun(1, 2))
  expect(again.outputs?.result).toBe('rolled-back')
  expect(yard.weights()).toEqual({[stable.digest]: 100})
})

test('a registry that can no longer be written sends the traffic back', async () => {
  const {yard, stable, candidate} = await serving()
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
  const {yard, stable, candidate} = await serving()
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
  const {yard, candidate} = await serving()
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
  const {yard, candidate: lost} = await serving(BROKEN)
  const candidate = await yard.publish(OTHER)
  await killedAt({yard, candidate: lost}, '10% to v2')
  const later = () => new Date(Date.now() + 120_000)
  const seen: string[] = []
  const findings = await yard.run(candidate, {now: later, ...nextRun(2), log: line => seen.push(line)}, {deadlineMs: 600_000})
  expect(seen[0]).toContain('taking over the rollout of v2 from https://runs.example/1')
  expect(seen.join('\n')).toContain('rolled-back')
  expect(findings.outputs?.result).toBe('promoted')
  expect(yard.weights()).toEqual({[candidate.digest]: 100})
})

test('a restart of the server in the middle loses no request and no weight', async () => {
  const {yard, candidate} = await serving()
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
  const {yard, stable, candidate} = await serving(BROKEN)
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

test('a clock that jumps two hours changes no deadline', async () => {
  const {yard, candidate} = await serving()
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
