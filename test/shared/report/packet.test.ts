import {parseHTML} from 'linkedom'
import {marked} from 'marked'
import {expect, test} from 'vitest'
import type {Check, Evidence} from '#shared/evidence/evidence'
import {overview} from '#shared/report/overview'
import {type Plan, planLines} from '#shared/report/packet'
import {renderPage} from '#shared/report/page/page'
import {renderComment, renderReport} from '#shared/report/report'
import {evidenceOf, FAILED, MODEL, PASSED, RUN} from '../../support/evidence.js'

const PLAN: Plan = {
  steps: ['5%', '25%'],
  minimumRequests: 500,
  deadlineMs: 1_800_000,
  gates: [
    {id: 'error_rate <= stable', warn: false},
    {id: 'slow_rate(250ms) <= stable | 1', warn: true}
  ],
  mode: 'enforce',
  onInconclusive: 'warn'
}
const AGAINST: Check = {
  id: 'roc_auc >= champion - 0.05',
  verdict: 'pass',
  message: 'roc_auc 0.76 is at least champion - 0.05',
  measured: 0.76,
  operator: '>=',
  bound: 0.7012,
  reference: {name: 'champion', value: 0.7512, difference: 0.0088},
  interval: {low: -0.01, high: 0.03, confidence: 0.95, method: 'DeLong'}
}
const OPEN: Check = {
  ...PASSED,
  id: 'recall >= 0.68',
  verdict: 'inconclusive',
  message: 'recall 0.7: 2,800 rows are needed',
  estimate: 'meets'
}
const LOOSER: Check = {id: 'gate_loosened: roc_auc >= 0.8', verdict: 'warn', message: 'roc_auc >= 0.8 of main is now roc_auc >= 0.7'}

const evaluated = evidenceOf('evaluate', [OPEN, AGAINST, LOOSER], {facts: [{name: 'champion', value: 'v1 22ff0efe270b'}]})
const published = (facts: Record<string, string> = {}) =>
  evidenceOf('publish', [PASSED], {
    subjects: [{...MODEL, name: 'wages'}],
    facts: Object.entries({version: 'v12', alias: 'candidate', url: 'https://github.com/octo/wages/x', ...facts}).map(([name, value]) => ({
      name,
      value
    }))
  })
const source = (evidence: readonly Evidence[], plan: Plan | undefined = PLAN) => ({
  title: 'wages',
  require: ['evaluate'],
  evidence,
  run: RUN,
  plan
})
const decision = (...evidence: readonly Evidence[]) => overview(source(evidence)).decision

test('between publish and deploy the decision names what is approved', () => {
  expect(decision(evaluated, published())).toBe('ready to deploy v12 (sha256 abababababab)')
})

test.each<[string, readonly Evidence[], string]>([
  ['before publish', [evaluated], 'ready'],
  ['once a rollout has begun', [evaluated, published(), evidenceOf('deploy-canary', [PASSED])], 'ready'],
  ['where publish was refused', [evaluated, evidenceOf('publish', [FAILED])], 'not ready: publish is red'],
  ['where the champion itself was published', [evaluated, published({alias: 'champion'})], 'ready'],
  ['where two versions were published', [evaluated, published(), published({version: 'v13'})], 'ready'],
  ['where something is red', [evaluated, published(), evidenceOf('check-fairness', [FAILED])], 'not ready: check-fairness is red'],
  ['where something is missing', [published()], 'not ready: evaluate is missing']
])('%s nothing is ready to deploy', (_, evidence, expected) => {
  expect(decision(...evidence)).toBe(expected)
})

test('the packet has first things first, in a summary and in a comment', () => {
  for (const text of [renderReport(source([evaluated, published()])), renderComment(source([evaluated, published()]), '<!-- marker -->')]) {
    const places = [
      '## ✅ wages: ready to deploy v12 (sha256 abababababab)',
      '**Looser than the base:** roc\\_auc \\>= 0.8 of main is now',
      '| Version | `v12` of `wages` |',
      `| SHA-256 | \`${'ab'.repeat(32)}\` |`,
      '| Champion now | `v1 22ff0efe270b` |',
      '| `roc_auc >= champion - 0.05` | ✅ pass | 0.7600 | 0.7512 | +0.0088 | -0.01 to 0.03 |',
      '- ❔ inconclusive **evaluate** `recall >= 0.68`',
      '| Held to | `error_rate <= stable`, warn: `slow_rate(250ms) <= stable \\| 1` |',
      '| Traffic | 5%, then 25%, then all of it |',
      '| Each step | until the candidate has answered 500 requests |',
      '| At the latest | after 30 minutes all traffic goes back |',
      '| Action |',
      '<details>'
    ].map(part => text.replaceAll('\\_', '_').replaceAll('\\>', '>').indexOf(part.replaceAll('\\_', '_').replaceAll('\\>', '>')))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(marked.parse(text, {async: false}).match(/<table>/g)?.length).toBeGreaterThanOrEqual(4)
  }
})

test('the page shows the same, each part under its heading', () => {
  const {document} = parseHTML(renderPage(source([evaluated, published()])))
  const headings = [...document.querySelectorAll('h2')].map(one => one.textContent)
  expect(headings.slice(0, 4)).toEqual(['Candidate against champion', 'What did not pass', 'Canary plan', 'Actions'])
  expect(document.querySelector('.decision')?.textContent).toBe('ready to deploy v12 (sha256 abababababab)')
  const keys = [...document.querySelectorAll('header .keys div')].map(one => one.textContent)
  expect(keys).toEqual(expect.arrayContaining([`SHA-256${'ab'.repeat(32)}`, 'Publishedv12 of wages', 'Champion nowv1 22ff0efe270b']))
  const compared = [...document.querySelectorAll('section table')][0]
  expect([...compared.querySelectorAll('td')].map(one => one.textContent)).toEqual(['pass', '0.7600', '0.7512', '+0.0088', '-0.01 to 0.03'])
})

test('of a later attempt it says what the comment of an approval must be, and of the first nothing', () => {
  const one = published()
  const again = {...one, run: {...one.run, attempt: 2}}
  expect(renderComment(source([evaluated, again]), '')).toContain(
    '| To approve | attempt 2 published it: where approvals are required, the comment must say `v12` |'
  )
  const {document} = parseHTML(renderPage(source([evaluated, again])))
  expect([...document.querySelectorAll('header .keys div')].map(one => one.textContent)).toContain(
    'To approveattempt 2 published it: where approvals are required, the comment must say v12'
  )
  const first = source([evaluated, published()])
  expect(renderComment(first, '') + renderPage(first)).not.toContain('To approve')
})

test('without a plan nothing is said of one, and without a champion that there was none', () => {
  const first = evidenceOf('evaluate', [PASSED], {facts: [{name: 'champion', value: 'none'}]})
  const text = renderReport({...source([first, published()]), plan: undefined})
  expect(text).not.toContain('Canary plan')
  expect(text).toContain('| Champion now | `none, compared with nothing` |')
})

test('a bound of champion * x shows no interval beside the difference, for it is not that of the difference', () => {
  const times = {...AGAINST, id: 'roc_auc >= champion * 0.9'}
  const text = renderReport(source([evidenceOf('evaluate', [times]), published()]))
  expect(text).toContain('| `roc_auc >= champion * 0.9` | ✅ pass | 0.7600 | 0.7512 | +0.0088 |\n')
})

test.each([
  [{onInconclusive: 'fail', deadlineMs: 7_200_000}, ['waits until the gate is proven', 'after 2 hours']],
  [{onInconclusive: 'estimate', deadlineMs: 90_000}, ['where the estimate is on the good side', 'after 90 seconds']],
  [{mode: 'observe', minimumRequests: 1}, ['shown and stops nothing', 'has answered 1 request']]
] as const)('a plan of %j says so', (more, phrases) => {
  const said = planLines({...PLAN, ...more})
    .flat()
    .join('\n')
  for (const phrase of phrases) expect(said).toContain(phrase)
})
