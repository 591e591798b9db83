import {defineConfig} from 'vitest/config'
import base from '../../vitest.config.js'
import {node24} from './found.js'

/** Against real peers; and once more, on the Node that GitHub runs, what npm test has run on this one. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: undefined,
    include: [
      'test/peers/*.peer.test.ts',
      'test/scenarios/*.test.ts',
      'test/shared/github/*.test.ts',
      'test/shared/registry/{github,github-calls,protocol-github}.test.ts'
    ],
    exclude: ['**/node_modules/**'],
    env: {TRAINYARD_NODE: node24 ?? ''}
  }
})
