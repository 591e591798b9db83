#!/usr/bin/env node
// The steps of a release, one command each, so that a rerun completes what an earlier run began:
//   check X.Y.Z | commit X.Y.Z --dist FOLDER --archive FILE | tag X.Y.Z --commit SHA | page X.Y.Z --archive FILE | move X.Y.Z --commit SHA
import {appendFileSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {obstacles} from './release/check.mjs'
import {archive, commitRelease} from './release/commit.mjs'
import {notesOf} from './release/notes.mjs'
import {publishPage} from './release/page.mjs'
import {known, moveMajor, pushVersion} from './release/tags.mjs'

const STEPS = {
  check({root, version}) {
    const found = obstacles(root, version)
    if (found.length > 0) throw new Error(found.join('\n'))
    console.log(`v${version} can be released`)
  },
  commit({root, version, dist, archive: file}) {
    const commit = commitRelease(root, version, dist)
    console.log(`v${version}: commit ${commit}, ${(archive(root, version, commit, file) / 1e6).toFixed(2)} MB as an archive`)
    output('commit', commit)
  },
  tag({root, version, commit}) {
    console.log(pushVersion(root, version, known(root, commit)))
  },
  async page({root, version, archive: file}) {
    const notes = notesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version)
    console.log(await publishPage({version, notes, file, env: process.env, fetch}))
  },
  move({root, version, commit}) {
    console.log(moveMajor(root, version, known(root, commit)))
  }
}

function output(name, value) {
  if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, `${name}=${value}\n`)
}

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {dist: {type: 'string', default: 'dist'}, archive: {type: 'string'}, commit: {type: 'string', default: ''}}
})
const [step, version = ''] = positionals
try {
  if (!Object.hasOwn(STEPS, step ?? '')) throw new Error(`${step ?? 'no step'}: expected one of ${Object.keys(STEPS).join(', ')}`)
  await STEPS[step]({root: process.cwd(), version, ...values, archive: values.archive ?? `trainyard-v${version}.tar.gz`})
} catch (error) {
  for (const line of error.message.split('\n'))
    console.error(`${process.env.GITHUB_ACTIONS ? '::error title=release::' : 'error: '}${line}`)
  process.exitCode = 1
}
