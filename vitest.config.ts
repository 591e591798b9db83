import {readFileSync} from 'node:fs'
import {defineConfig} from 'vitest/config'
import {LongestFirst} from './test/support/longest-first.js'

const WORKFLOW_LIBRARIES = /@actions\/(workflow-parser|expressions)\//

/** Whole runs, and tests that take seconds on purpose: killed, raced, under load. `fast` is all the rest. */
const SLOW = [
  'test/scenarios/**/*.test.ts',
  'test/pipelines/**/*.test.ts',
  'test/actions/deploy-canary/{deploy,kill-matrix,lost-lease,step,faults,lost-endpoint,reconcile,approval-step,alias-fence}.test.ts',
  'test/actions/publish/publish.test.ts',
  'test/actions/validate-data/{profile,champion}.test.ts',
  'test/actions/report/{report,packet,workflow-run}.test.ts',
  'test/actions/check-robustness/main.test.ts',
  'test/actions/train/{train,reuse,cache}.test.ts',
  'test/actions/evaluate/evaluate.test.ts',
  'test/actions/check-fairness/check-fairness.test.ts',
  'test/ci/{release,page}.test.ts',
  'test/runner-images/model-server/main.test.ts',
  'test/runner-images/gpu-runner/{job,registration}.test.ts',
  'test/shared/process.test.ts',
  'test/shared/cli/{start/program,registry/commands,run/steps}.test.ts',
  'test/shared/github/{sticky-comment,releases,stalls}.test.ts',
  'test/shared/training/gpus.test.ts',
  'test/shared/registry/{race,race-*,github,github-calls,github-retention,protocol-github,registry,folder,s3,s3-checksums,s3-faults,retention,rollback}.test.ts',
  'test/shared/metrics/{overall,compare,calibration}.test.ts',
  'test/shared/models/model.test.ts',
  'test/shared/exam/named.test.ts',
  'test/shared/tables/{faults,partial,remote,table}.test.ts'
]
/** Where counts go, for who sums them over several runs. */
const RESULTS = process.env.TRAINYARD_TEST_RESULTS
const NOT_HERE = ['test/peers/**', '**/node_modules/**']

export default defineConfig({
  resolve: {conditions: ['source']},
  ssr: {resolve: {conditions: ['source']}},
  // They import JSON without attributes, so Node alone refuses them, and name source maps that are not shipped.
  plugins: [
    {
      name: 'workflow-libraries',
      load: id => (WORKFLOW_LIBRARIES.test(id) && id.endsWith('.js') ? {code: readFileSync(id, 'utf8'), map: {mappings: ''}} : undefined)
    }
  ],
  test: {
    globalSetup: 'test/support/temporary-folder.ts',
    maxWorkers: 2,
    sequence: {sequencer: LongestFirst},
    reporters: RESULTS ? ['default', ['json', {outputFile: RESULTS}]] : ['default'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: {deps: {inline: [WORKFLOW_LIBRARIES]}},
    projects: [
      {extends: true, test: {name: 'fast', include: ['test/**/*.test.ts'], exclude: [...NOT_HERE, ...SLOW]}},
      {extends: true, test: {name: 'slow', include: SLOW, exclude: NOT_HERE}}
    ]
  }
})
