import {execFileSync} from 'node:child_process'
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {marked} from 'marked'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {parseEvidence} from '../../shared/evidence/schema.js'
import {openYard} from './act/example.js'
import {runAct, standIns} from './act/machine.js'
import {openNpmRegistry} from './act/npm-registry.js'
import {type Released, release} from './act/release.js'
import {leftOut, node24, program} from './found.js'

const act = program('act')

describe.skipIf(act === undefined || node24 === undefined)(`a release${leftOut({act, node24})}`, {timeout: 300_000}, () => {
  let released: Released
  beforeAll(() => {
    released = release()
  }, 120_000)
  afterAll(() => released?.remove())

  /** A repository of a user, with one workflow and these files. */
  const repository = (files: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(tmpdir(), 'user-'))
    onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
    const root = join(folder, 'demo')
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), {recursive: true})
      writeFileSync(join(root, path), text)
    }
    const git = (...argv: string[]) => execFileSync('git', argv, {cwd: root, stdio: 'pipe'})
    git('init', '--quiet', '--initial-branch=main')
    git('remote', 'add', 'origin', 'https://github.com/octo/demo.git')
    git('add', '--all')
    git('-c', 'user.name=ada', '-c', 'user.email=ada@example.invalid', 'commit', '--quiet', '--message', 'Validate')
    return {folder, root}
  }
  const validate = (gate: string) => `on: push
jobs:
  data:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - {id: data, uses: octo/trainyard/actions/validate-data@v1, with: {data: people.csv, gates: '${gate}'}}
      - run: echo "verdict \${{ steps.data.outputs.verdict }}, node $(node --version)"
`
  const people = 'age,plan\n31,a\n42,b\n57,a\n'

  test('is small, holds nothing that only builds and tests need, and its documents link to what is in it', () => {
    const top = readdirSync(released.tag).filter(name => name !== '.git')
    expect(top.sort()).toEqual(
      [
        '.github',
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'SECURITY.md',
        'actions',
        'dist',
        'docs',
        'package.json',
        'runner-images',
        'workflows-examples'
      ].sort()
    )
    expect(released.size).toBeLessThan(8_000_000)
    const licences = readFileSync(join(released.tag, 'dist/licenses.txt'), 'utf8')
    for (const name of ['@actions/core', '@octokit/core', 'ajv', 'onnxruntime-web', 'yaml'])
      expect(licences).toMatch(new RegExp(`^${name}\\b`, 'm'))
    const documents = readdirSync(released.tag, {recursive: true, encoding: 'utf8'}).filter(name => name.endsWith('.md'))
    expect(documents).toContain('README.md')
    for (const document of documents) {
      const targets: string[] = []
      const text = readFileSync(join(released.tag, document), 'utf8')
      marked.walkTokens(marked.lexer(text), token => void ((token.type === 'link' || token.type === 'image') && targets.push(token.href)))
      const relative = targets.filter(href => !/^(?:[a-z]+:|#)/.test(href)).map(href => href.replace(/#.*$/, ''))
      expect([document, relative.filter(href => !existsSync(join(released.tag, dirname(document), href)))]).toEqual([document, []])
    }
  })

  test('is used by another repository on Node 24: DuckDB is fetched once by its pinned bytes, then taken from the tool cache', async () => {
    const npm = await openNpmRegistry()
    onTestFinished(() => npm.close())
    const {folder, root} = repository({'people.csv': people, '.github/workflows/data.yml': validate('row_count >= 3')})
    const run = () =>
      runAct({
        ...{act: act ?? '', node: node24 ?? '', repository: root, workflow: '.github/workflows/data.yml', folder},
        repositories: {'octo/trainyard@v1': released.tag},
        env: {npm_config_registry: npm.url}
      })
    const first = await run()
    expect([first.jobs, first.errors]).toEqual([{data: 'success'}, []])
    expect(first.lines).toContainEqual(expect.stringMatching(/^verdict pass, node v24\./))
    expect(npm.served.toSorted()).toEqual(npm.packages.toSorted())
    const second = await run()
    expect([second.jobs, npm.served.length]).toEqual([{data: 'success'}, npm.packages.length])
  })

  test('is red where a gate is missed, and where a registry serves other bytes than the pinned ones', async () => {
    const npm = await openNpmRegistry({lie: true})
    onTestFinished(() => npm.close())
    const {folder, root} = repository({'people.csv': people, '.github/workflows/data.yml': validate('row_count >= 4')})
    const run = (name: string, env: Readonly<Record<string, string>>) =>
      runAct({
        ...{act: act ?? '', node: node24 ?? '', repository: root, workflow: '.github/workflows/data.yml', folder: join(folder, name)},
        repositories: {'octo/trainyard@v1': released.tag},
        env
      })
    const lied = await run('lied', {npm_config_registry: npm.url})
    expect([lied.jobs, lied.errors.join()]).toEqual([
      {data: 'failure'},
      expect.stringMatching(/as fetched is not the pinned package|npm could not fetch/)
    ])
    const honest = await openNpmRegistry()
    onTestFinished(() => honest.close())
    const missed = await run('missed', {npm_config_registry: honest.url})
    expect([missed.jobs, missed.errors.join()]).toEqual([{data: 'failure'}, expect.stringContaining('row_count 3 is below 4')])
  })

  test('offers the whole pipeline in one uses:, with the verdicts of the example', async () => {
    const yard = await openYard()
    const workflow = '.github/workflows/training.yml'
    rmSync(join(yard.repository, '.github/workflows'), {recursive: true})
    cpSync(join(released.tag, 'workflows-examples/reusable/.github'), join(yard.repository, '.github'), {recursive: true})
    const npm = await openNpmRegistry()
    onTestFinished(() => npm.close())
    const artifacts = join(yard.folder, 'artifacts')
    mkdirSync(artifacts)
    const {jobs, errors} = await runAct({
      ...{act: act ?? '', node: node24 ?? '', repository: yard.repository, workflow, folder: join(yard.folder, 'act')},
      repositories: {
        'octo/trainyard@v1': released.tag,
        ...standIns('.github/workflows/continuous-training.yml')
      },
      vars: yard.vars,
      secrets: yard.secrets,
      env: {ARTIFACTS: artifacts, TRAINYARD: resolve('.'), npm_config_registry: npm.url}
    })
    expect(errors).toEqual([])
    expect(new Set(Object.values(jobs))).toEqual(new Set(['success']))
    const evidence = readdirSync(artifacts, {recursive: true, encoding: 'utf8'}).filter(path =>
      /^[^/]+\/[a-z-]+-[0-9a-f]{12}\.json$/.test(path)
    )
    const said = evidence.map(path => parseEvidence(JSON.parse(readFileSync(join(artifacts, path), 'utf8')), path))
    expect(said.map(({action, outcome}) => `${action.name} ${outcome}`).sort()).toEqual(
      ['check-fairness', 'check-robustness', 'deploy-canary', 'evaluate', 'publish', 'report', 'report', 'train', 'validate-data'].map(
        name => `${name} green`
      )
    )
  })
})
