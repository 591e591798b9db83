import {readFileSync} from 'node:fs'
import {defineConfig} from 'vitest/config'

const WORKFLOW_LIBRARIES = /@actions\/(workflow-parser|expressions)\//

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
    include: ['test/**/*.test.ts'],
    exclude: ['test/peers/**', 'node_modules/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    server: {deps: {inline: [WORKFLOW_LIBRARIES]}}
  }
})
