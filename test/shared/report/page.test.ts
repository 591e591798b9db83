import {parseHTML} from 'linkedom'
import {describe, expect, test} from 'vitest'
import type {Evidence, Figure} from '#shared/evidence/evidence'
import {renderPage} from '#shared/report/page/page'
import {STYLE} from '#shared/report/page/style'
import {evidenceOf, FAILED, PASSED, RUN, sampleEvidence} from '../../support/evidence.js'

function pageOf(evidence: readonly Evidence[], require: readonly string[] = ['evaluate']) {
  const text = renderPage({title: 'wages', require, evidence, run: RUN})
  return {text, document: parseHTML(text).document}
}

describe('renderPage', () => {
  const {text, document} = pageOf(sampleEvidence(), ['evaluate', 'attest'])

  test('decides first and shows candidate against champion', () => {
    expect(document.querySelector('.decision')?.textContent).toBe('not ready: check-fairness is red; attest is missing')
    expect(document.querySelector('.keys')?.textContent).toContain('roc_auc 0.7583 against champion 0.7252 (+0.0331)')
  })

  test('draws ROC, selection rates and the rollout first, then the other figures, each with its numbers', () => {
    const titles = [...document.querySelectorAll('figcaption')].map(one => one.firstChild?.textContent)
    expect(titles).toEqual([
      'ROC',
      'Selection rate by gender',
      'Selection rate by race',
      'Rollout',
      'Calibration',
      'Training history',
      'Confusion at threshold 0.5',
      'Scores by class'
    ])
    for (const figure of document.querySelectorAll('figure')) {
      expect(figure.querySelector('svg.chart')?.getAttribute('role')).toBe('img')
      const title = figure.querySelector('figcaption')?.firstChild?.textContent ?? ''
      expect(figure.querySelector('svg.chart')?.getAttribute('aria-label')?.startsWith(title)).toBe(true)
      expect(figure.querySelectorAll('table tbody tr').length).toBeGreaterThan(1)
    }
  })

  test('asks nobody for anything and runs nothing', () => {
    expect(document.querySelectorAll('script,link,img,iframe,object,embed,form')).toHaveLength(0)
    expect(text).not.toMatch(/\bsrc=|url\((?!#)|@import|javascript:|\son\w+=/i)
    const hosts = [...text.matchAll(/https?:\/\/([^/"'<\s]+)/g)].map(match => match[1])
    expect(new Set(hosts)).toEqual(new Set(['github.com', 'models.octo.example']))
    expect([...document.querySelectorAll('a')].every(link => link.getAttribute('href')?.startsWith('https://github.com/octo/wages/'))).toBe(
      true
    )
    expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toContain("default-src 'none'")
  })

  test('on a phone the tables of actions and checks are lists, whose cells name their columns', () => {
    for (const look of ['table.stack', 'table.checks.stack']) {
      const table = document.querySelector(look)
      const columns = [...(table?.querySelectorAll('thead th') ?? [])].slice(1).map(one => one.textContent)
      const cells = [...(table?.querySelectorAll('tbody tr:first-child td') ?? [])].map(one => one.getAttribute('data-name'))
      expect(columns.length).toBeGreaterThan(1)
      expect(cells).toEqual(columns)
    }
    expect(STYLE).toMatch(/@media\(max-width:46rem\)\{[\s\S]*\.stack td::before\{content:attr\(data-name\)/)
  })

  test('every table has a caption and headings, every verdict its word', () => {
    for (const table of document.querySelectorAll('table')) {
      expect(table.querySelector('caption')?.textContent).toMatch(/\S/)
      expect(table.querySelectorAll('th[scope=col]').length).toBeGreaterThan(1)
      expect(table.querySelectorAll('th[scope=row]')).toHaveLength(table.querySelectorAll('tbody tr').length)
    }
    for (const badge of document.querySelectorAll('.verdict'))
      expect(badge.textContent).toMatch(/^(pass|warn|inconclusive|fail|error|missing)$/)
  })

  test('an interval is drawn against its bound; of a reference, as the difference', () => {
    const row = [...document.querySelectorAll('.checks tr')].find(one => one.textContent?.includes('roc_auc >= champion - 0.05'))
    expect(row?.textContent).toContain('difference 0.0018 to 0.0644')
    expect(row?.querySelectorAll('svg.strip circle')).toHaveLength(1)
  })
})

test('a timeline draws what differs in size in panels of their own', () => {
  const {document} = pageOf(sampleEvidence(['deploy-canary']))
  const labels = [...document.querySelectorAll('figure.wide svg.chart')].map(chart => chart.getAttribute('aria-label'))
  expect(labels).toEqual(['Rollout: weight', 'Rollout: canary error rate, stable error rate'])
})

describe('a timeline of a rollout', () => {
  const at = [0, 0.4, 2, 3, 3.1]
  const rollout = (marks: NonNullable<Figure['marks']>): Figure => ({
    ...{kind: 'timeline', id: 'rollout', title: 'Rollout', xLabel: 'seconds', yLabel: 'share', marks},
    series: [
      {name: 'weight', x: at, y: [0, 0.05, 0.05, 0, 0]},
      {name: 'canary error rate', x: at, y: [null, null, 0.036, null, null]},
      {name: 'stable error rate', x: at, y: [null, null, 0, null, null]}
    ]
  })
  const drawn = (marks: NonNullable<Figure['marks']>) => {
    const {document} = pageOf([evidenceOf('deploy-canary', [PASSED], {figures: [rollout(marks)]})])
    const texts = [...document.querySelectorAll('figure.wide svg.chart g[aria-label=text] text')].map(one => one.textContent)
    return {document, texts: texts.toSorted()}
  }

  test('keeps the weight apart and both error rates on one axis, whatever their sizes', () => {
    const labels = [...drawn([]).document.querySelectorAll('svg.chart')].map(chart => chart.getAttribute('aria-label'))
    expect(labels).toEqual(['Rollout: weight', 'Rollout: canary error rate, stable error rate'])
  })

  test.each([
    ['the last of two at one place', {3: 'rolling-back', 3.1: 'rolled-back'}, ['rolled-back']],
    ['both where there is room', {0.4: '5%', 3.1: 'rolled-back'}, ['5%', 'rolled-back']],
    ['the one that ends at its mark before one that begins left of it', {2.7: '50%', 3.1: 'promoted'}, ['promoted']]
  ])('labels %s', (_, marks, expected) => {
    const given = Object.entries(marks).map(([x, label]) => ({x: Number(x), label}))
    expect(drawn(given).texts).toEqual(expected)
    expect(drawn(given).document.querySelectorAll('figure.wide svg.chart:last-of-type g[aria-label=rule] line').length).toBeGreaterThan(1)
  })
})

test('the title of a vertical axis stands clear of its uppermost tick', () => {
  const {document} = pageOf(sampleEvidence())
  const heights = (markup: string) => [...markup.matchAll(/translate\([^,]*,(-?[\d.]+)\)/g)].map(([, y]) => Number(y))
  const charts = [...document.querySelectorAll('svg.chart')].filter(chart => chart.querySelector('[aria-label="y-axis label"]'))
  expect(charts.length).toBeGreaterThan(4)
  for (const chart of charts) {
    const [shift, y] = heights(chart.querySelector('[aria-label="y-axis label"]')?.outerHTML ?? '')
    const ticks = heights(chart.querySelector('[aria-label="y-axis tick label"]')?.innerHTML ?? '')
    expect(Math.min(...ticks) - (shift + y), chart.getAttribute('aria-label') ?? '').toBeGreaterThanOrEqual(28)
  }
})

test('bounds are headed as what they are, and each is said to be one-sided', () => {
  const {text} = pageOf(sampleEvidence())
  expect(text).not.toContain('95% interval')
  expect(text.match(/<th scope="col">95% bounds<\/th>/g)?.length).toBeGreaterThan(3)
  expect(text.match(/95% bounds: each one-sided\./g)).toHaveLength(1)
})

test('a gate that only warns is shown as it was written', () => {
  const check = {...FAILED, verdict: 'warn', message: 'warn: roc_auc 0.6 is below 0.7'} as const
  const {document} = pageOf([evidenceOf('evaluate', [check])])
  expect(document.querySelector('.findings code')?.textContent).toBe('warn: roc_auc >= 0.7')
  expect(document.querySelector('.findings p:last-child')?.textContent).toBe('roc_auc 0.6 is below 0.7')
  expect(document.querySelector('.checks tbody th')?.textContent).toBe('warn: roc_auc >= 0.7')
})

test('text from data is inert wherever it stands', () => {
  const evil = '"><script>alert(1)</script><img src=x onerror=y>\u202e\'`'
  const series = [{name: evil, x: [evil, 'b'], y: [0.4, 0.5], low: [0.3, null], high: [0.5, 0.6], n: [10, 20]}]
  const numeric = [{...series[0], x: [0, 1]}]
  const figure = {id: evil, title: evil, xLabel: evil, yLabel: evil}
  const evidence: Evidence = {
    ...evidenceOf('evaluate', [{...FAILED, id: evil, message: evil, unit: evil, slice: evil}], {
      subjects: [{kind: 'model', name: evil, digest: {sha256: 'ab'.repeat(32)}}],
      materials: [{kind: 'data', name: evil, digest: {sha256: 'ab'.repeat(32)}}],
      facts: [
        {name: evil, value: evil},
        {name: `too few ${evil}`, value: evil},
        {name: 'champion', value: evil}
      ],
      figures: [
        {...figure, kind: 'bars', series},
        {...figure, kind: 'matrix', series},
        {...figure, kind: 'histogram', series},
        {...figure, kind: 'curve', series: numeric},
        {...figure, kind: 'timeline', series: numeric, marks: [{x: 0, label: evil}]}
      ]
    }),
    run: {...RUN, seed: 0, job: evil, repository: evil, workflow: evil, ref: evil, url: evil}
  }
  const text = renderPage({title: evil, require: [evil], evidence: [evidence], run: {...RUN, ref: evil, workflow: evil}})
  const {document} = parseHTML(text)
  expect(document.querySelectorAll('script,img')).toHaveLength(0)
  expect(document.querySelectorAll('figure')).toHaveLength(5)
  expect(text).not.toMatch(/<script|<img|\u202e/)
})

test('a figure without a value is left out rather than drawn empty', () => {
  const series = [{name: 'a', x: [0, 1], y: [null, null]}]
  const figure = {kind: 'curve', id: 'roc', title: 'ROC', xLabel: 'x', yLabel: 'y', series} as const
  expect(pageOf([evidenceOf('evaluate', [PASSED], {figures: [figure]})]).document.querySelectorAll('figure')).toHaveLength(0)
})

test('100,000 checks and a curve of 1,000,000 points give a page of bounded size', () => {
  const checks = Array.from({length: 100_000}, (_, index) => ({...PASSED, id: `a >= ${index}`}))
  const x = Array.from({length: 1_000_000}, (_, index) => index / 1e6)
  const figure = {kind: 'curve', id: 'roc', title: 'ROC', xLabel: 'x', yLabel: 'y', series: [{name: 'a', x, y: x}]} as const
  const text = renderPage({title: 'wages', require: [], evidence: [evidenceOf('evaluate', checks, {figures: [figure]})], run: RUN})
  expect(text.length).toBeLessThan(1_500_000)
  expect(text).toContain('98,000 checks more in the evidence.')
})

describe('colours', () => {
  const colour = (theme: string, name: string) => new RegExp(`--${name}:(#[0-9a-f]{3,6})`).exec(theme)?.[1] ?? ''
  const [light, dark] = [STYLE.slice(0, STYLE.indexOf('@media')), STYLE.slice(STYLE.indexOf('@media(prefers-color-scheme:dark)'))]

  test.each([
    ['light', light],
    ['dark', dark]
  ])('words are at least 4.5 to 1 against paper in %s, lines 3 to 1', (_, theme) => {
    for (const name of ['ink', 'soft', 'pass', 'warn', 'inconclusive', 'fail', 'error', 'link']) {
      expect(contrast(colour(theme, name), colour(theme, 'paper')), name).toBeGreaterThanOrEqual(4.5)
    }
    for (const name of ['series-1', 'series-2', 'series-3', 'series-4']) {
      expect(contrast(colour(theme, name), colour(theme, 'paper')), name).toBeGreaterThanOrEqual(3)
    }
  })
})

/** WCAG 2.2 contrast ratio of two hex colours. */
function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)].toSorted((x, y) => y - x)
  return (a + 0.05) / (b + 0.05)
}

function luminance(hex: string): number {
  const full = hex.length === 4 ? [...hex.slice(1)].map(digit => digit + digit).join('') : hex.slice(1)
  const [red, green, blue] = [0, 2, 4]
    .map(at => Number.parseInt(full.slice(at, at + 2), 16) / 255)
    .map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
