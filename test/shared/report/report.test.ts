import {marked} from 'marked'
import {describe, expect, test} from 'vitest'
import type {Check, Evidence} from '#shared/evidence/evidence'
import {renderComment, renderReport} from '#shared/report/report'
import {evidenceOf, FAILED, PASSED, RUN, sampleEvidence} from '../../support/evidence.js'

const MARKER = '<!-- trainyard report 7 1 -->'

function source(evidence: readonly Evidence[], require: readonly string[] = ['evaluate']) {
  return {title: 'wages', require, evidence, run: RUN}
}

describe('renderReport', () => {
  test('bounds are headed as what they are, and said once to be one-sided', () => {
    const text = renderReport(source(sampleEvidence()))
    expect(text).not.toContain('95% interval')
    expect(text.match(/95% bounds: each one-sided\./g)).toHaveLength(1)
  })

  test('the first line decides and names what is missing and what is red', () => {
    const text = renderReport(source(sampleEvidence(), ['evaluate', 'attest']))
    expect(text.split('\n')[0]).toBe('## ❌ wages: not ready: check-fairness is red; attest is missing')
    expect(text.split('\n')[2]).toBe(
      'model `model.onnx` `640482622b3f` · roc_auc 0.7583 against champion 0.7252 (+0.0331) · rollout: promoted · 1 failed, 3 inconclusive, 2 warned, 25 passed'
    )
    expect(text).toContain('| attest (required) | ⛔ missing | **red** |')
  })

  test('a ready model says so first', () => {
    expect(renderReport(source([evidenceOf('evaluate', [PASSED])])).split('\n')[0]).toBe('## ✅ wages: ready')
  })

  test('what did not pass comes before the table, the worst first', () => {
    const text = renderReport(source(sampleEvidence()))
    const places = [
      '- ❌ fail',
      '- ❔ inconclusive',
      '- ⚠️ warn',
      '**Too few to judge:** race hispanic: 14 rows.',
      '| Action |',
      '<details>'
    ]
    const found = places.map(place => text.indexOf(place))
    expect(found).not.toContain(-1)
    expect(found).toEqual(found.toSorted((a, b) => a - b))
  })

  test('shows verdict and outcome where they differ', () => {
    const text = renderReport(source([evidenceOf('evaluate', [FAILED], {policy: {mode: 'observe', onInconclusive: 'estimate'}})]))
    expect(text).toContain('| ❌ fail | green, observed | 1 |')
  })

  test('links to runs on the server of this run alone, whatever address evidence holds', () => {
    const evil = {
      ...evidenceOf('evaluate', [PASSED]),
      run: {...RUN, seed: 0, url: 'https://evil.example/x', job: 'judge](https://evil.example'}
    }
    const text = renderReport(source([evil]))
    expect(text).not.toContain('@octo')
    const links = [...marked.parse(text, {async: false}).matchAll(/href="([^"]*)"/g)].map(match => match[1])
    expect(new Set(links)).toEqual(new Set(['https://github.com/octo/wages/actions/runs/19384756210/attempts/1']))
  })

  test('without a server, as on one’s own machine, there is no link', () => {
    const text = renderReport({...source([evidenceOf('evaluate', [PASSED])]), run: {...RUN, url: ''}})
    expect(marked.parse(text, {async: false})).not.toContain('<a ')
  })

  test.each([{repository: 'local/wages'}, {url: ''}])('a run on one’s own machine (%j) has no page to link to', place => {
    const local = {...evidenceOf('evaluate', [PASSED]), run: {...RUN, seed: 0, job: 'judge', ...place}}
    const text = renderReport(source([local]))
    expect(text).toContain('| judge |')
    expect(text).not.toContain('[judge]')
    const own = renderReport({...source([local]), run: {...RUN, ...place}})
    expect(own).toContain('the artifacts of run 19384756210: commit')
    expect(own).not.toContain('actions/runs')
  })
})

const LONG: Check = {
  ...FAILED,
  id: '```'.repeat(200),
  message: `</details>|\`\`\`<!-- ${'😀漢@octo '.repeat(500)}`
}

describe('renderComment', () => {
  test('starts with its marker', () => {
    expect(renderComment(source(sampleEvidence()), MARKER).startsWith(`${MARKER}\n## ❌ wages`)).toBe(true)
  })

  test.each([1, 40, 120, 5000])('stays below 65,536 characters and whole with %i hostile failures an action', n => {
    const checks = Array.from({length: n}, (_, index) => ({...LONG, id: `${LONG.id}${index}`}))
    const evidence = ['evaluate', 'check-fairness', 'check-robustness', 'publish'].map(name => evidenceOf(name, checks))
    const text = renderComment(source(evidence, ['evaluate', 'attest']), MARKER)
    expect(text.length).toBeLessThan(65_536)
    expect(text.match(/^<details>$/gm)?.length).toBe(text.match(/^<\/details>$/gm)?.length)
    expect(text).toContain('not ready: evaluate is red')
    expect(text).toContain('The full report is in the summary and the artifacts of [run 19384756210, attempt 1]')
    expect(text).not.toContain('@octo')
    const rendered = marked.parse(text, {async: false})
    expect(rendered).not.toContain('<pre>')
    expect(rendered).toContain('<table>')
  })

  test('says what was shortened', () => {
    const checks = Array.from({length: 5000}, (_, index) => ({...FAILED, id: `metric_with_a_long_name_${index} >= 0.5`}))
    const text = renderComment(source([evidenceOf('evaluate', checks)]), MARKER)
    expect(text).toContain('- and 4,950 more that did not pass')
    expect(text).toContain('Shortened for length: details of evaluate.')
  })

  test('500 actions fit too, the missing one among them', () => {
    const evidence = Array.from({length: 500}, (_, index) => evidenceOf(`leg-${index}`, [LONG]))
    const text = renderComment(source(evidence, ['attest']), MARKER)
    expect(text.length).toBeLessThan(65_536)
    expect(text).toContain('| attest (required) | ⛔ missing |')
  })
})

test('the summary stays below 1 MiB in bytes', () => {
  const checks = Array.from({length: 5000}, (_, index) => ({...LONG, id: `${LONG.id}${index}`}))
  const evidence = Array.from({length: 10}, (_, index) => evidenceOf(`leg-${index}`, checks))
  expect(Buffer.byteLength(renderReport(source(evidence)))).toBeLessThan(1024 * 1024)
})
