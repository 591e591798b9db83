import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {parse} from 'yaml'

const FOLDER = 'runner-images/gpu-runner'
const STOP_SECONDS = 7.5 + 2.5 + 15

interface Container {
  readonly command: readonly string[]
  readonly env: readonly {readonly name: string; readonly value: string}[]
  readonly securityContext: object
  readonly volumeMounts?: readonly object[]
}

interface Values {
  readonly githubConfigSecret: unknown
  readonly template: {
    readonly spec: {
      readonly terminationGracePeriodSeconds: number
      readonly automountServiceAccountToken: boolean
      readonly securityContext: object
      readonly containers: readonly Container[]
      readonly volumes?: readonly object[]
    }
  }
}

test('the image is pinned: bases by digest, the runner by SHA-256; it runs as nobody special', () => {
  const text = readFileSync(`${FOLDER}/Dockerfile`, 'utf8')
  const bases = text.match(/^FROM \S+/gm) ?? []
  expect(bases.map(line => /@sha256:[0-9a-f]{64}$/.test(line))).toEqual([true, true])
  expect(text).toMatch(/^ARG RUNNER_SHA256=[0-9a-f]{64}$/m)
  expect(text).toMatch(/sha256sum --check --strict/)
  expect(text.match(/^USER .*$/gm)).toEqual(['USER 1001'])
  expect(text).not.toMatch(/sudo|docker\.sock|:latest/)
})

test('the values run what the image runs, with no way out and enough time to end', () => {
  const {template, githubConfigSecret}: Values = parse(readFileSync(`${FOLDER}/values.yaml`, 'utf8'))
  const {spec} = template
  const [runner] = spec.containers
  const entry = /^ENTRYPOINT (.*)$/m.exec(readFileSync(`${FOLDER}/Dockerfile`, 'utf8'))?.[1] ?? '[]'
  expect(runner.command).toEqual([...JSON.parse(entry), 'run'])
  expect(typeof githubConfigSecret).toBe('string')
  expect(spec).toMatchObject({automountServiceAccountToken: false, securityContext: {runAsNonRoot: true, runAsUser: 1001}})
  expect(runner.securityContext).toEqual({allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}})
  expect([spec.volumes, runner.volumeMounts]).toEqual([undefined, undefined])
  const drain = Number(runner.env.find(({name}) => name === 'DRAIN_SECONDS')?.value)
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(drain + STOP_SECONDS)
})

test('the README names every variable that the scripts read', () => {
  const source = ['main', 'registration', 'gpus', 'job'].map(name => readFileSync(`${FOLDER}/src/${name}.mjs`, 'utf8')).join('\n')
  const read = new Set(source.match(/\b(?:GITHUB|RUNNER|GPU|DRAIN|ACTIONS)_[A-Z_]+[A-Z]\b/g))
  for (const hidden of [
    'RUNNER_PROGRAM',
    'RUNNER_MANUALLY_TRAP_SIG',
    'GPU_RUNNER_MARK',
    'GPU_TIMEOUT_MS',
    'GPU_STOP_MS',
    'GPU_IDLE_CHECK_MS',
    'GITHUB_APP_PRIVATE_KEY'
  ])
    read.delete(hidden)
  const readme = readFileSync(`${FOLDER}/README.md`, 'utf8')
  expect([...read].filter(name => !readme.includes(`\`${name}\``))).toEqual([])
})
