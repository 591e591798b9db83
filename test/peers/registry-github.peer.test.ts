import {existsSync} from 'node:fs'
import {describe} from 'vitest'
import {githubRaces} from '../support/registry-github.js'
import {leftOut} from './found.js'

const description = existsSync('test/peers/node_modules/@octokit/openapi') ? '@octokit/openapi' : undefined

describe.skipIf(description === undefined)(`GitHub's description of its API${leftOut({'@octokit/openapi': description})}`, () => {
  githubRaces(200)
})
