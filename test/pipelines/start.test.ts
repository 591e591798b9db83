import {execFile} from 'node:child_process'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, describe, expect, test} from 'vitest'
import {findCheckout} from '#shared/cli/start/checkout'

const CHECKOUT = findCheckout()
const STAGE = join(CHECKOUT, 'trainyard-out/start')
const MOST_MS = 300_000

interface Played {
  readonly code: number
  readonly lines: readonly string[]
  /** what was left in the machine's folders for temporary files and in the person's home */
  readonly left: readonly string[]
}

function start(...args: readonly string[]): Promise<Played> {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'))
  const [temporary, home] = ['tmp', 'home'].map(name => join(outside, name))
  for (const folder of [temporary, home]) mkdirSync(folder)
  const env = {...process.env, TMPDIR: temporary, HOME: home}
  return new Promise(resolve => {
    const argv = [join(CHECKOUT, 'dist/trainyard.js'), 'start', ...args]
    const child = execFile(process.execPath, argv, {cwd: CHECKOUT, env, maxBuffer: 1 << 26}, (_, stdout, stderr) => {
      const left = [...readdirSync(temporary), ...readdirSync(home)]
      rmSync(outside, {recursive: true})
      resolve({code: child.exitCode ?? -1, lines: `${stdout}${stderr}`.trimEnd().split('\n'), left})
    })
  })
}

const ends = ({lines}: Played) => lines.filter(line => /^(green|red) /.test(line))
const lastLines = ({lines}: Played) => lines.slice(lines.lastIndexOf('')).join('\n')

beforeAll(() => {
  if (!existsSync(join(CHECKOUT, 'dist/trainyard.js'))) throw new Error('dist is missing: npm run build')
})

describe('npm start', () => {
  test('plays a push, a pull request and its merge, all green', {timeout: MOST_MS}, async () => {
    const played = await start()
    expect(played.lines.join('\n')).toContain('green push to main: the first model')
    expect(played.code).toBe(0)
    expect(ends(played)).toEqual([
      'green push to main: the first model',
      'green pull request: more-columns',
      'green push to main: more-columns is merged'
    ])
    const told = played.lines.map(line => line.trim())
    const rollout = ['· 5% to v2', '· 25% to v2', '· 50% to v2'].map(line => told.indexOf(line))
    expect(rollout).toEqual(rollout.toSorted((one, other) => one - other))
    expect(rollout).not.toContain(-1)
    expect(told).toContainEqual(expect.stringMatching(/^· promoted: .*champion is v2$/))
    expect(told).toContainEqual(expect.stringMatching(/roc_auc >= 0\.70: .* by estimate .* for 0\.044 about \d+ are needed$/))
    expect(told).toContainEqual(expect.stringMatching(/^│ \*\*Too few to judge:\*\* race hispanic: 15 rows/))
    expect(readFileSync(join(STAGE, 'report.html'), 'utf8').match(/<svg/g)?.length).toBeGreaterThanOrEqual(3)
    expect(readFileSync(join(STAGE, 'comment.md'), 'utf8')).toContain('check-fairness')
    expect(existsSync(join(STAGE, 'pid'))).toBe(false)
    expect(played.left).toEqual([])
  })

  test.each([
    [
      'raw-data',
      'red   pull request: raw-data',
      /^\n✗ data: validate-data\n {4}union_members: union: 438 of 534 .*82\.02%.*\n {4}unmarried: /
    ],
    [
      'worse-model',
      'red   pull request: worse-model',
      /^\n✗ judge: evaluate\n {4}roc_auc >= champion - 0\.05: roc_auc 0\.6561 is below champion - 0\.05/
    ],
    [
      'biased-model',
      'red   pull request: biased-model',
      /^\n✗ judge: check-fairness\n {4}demographic_parity_ratio\(gender\) >= 0\.8: .* 0\.6501 is below 0\.8/
    ],
    [
      'failing-canary',
      'red   push to main: failing-canary is merged',
      /^\n✗ deploy: deploy-canary\n {4}.*rolled back.*\n {4}error_rate <= stable: /
    ]
  ])('--with %s ends red', {timeout: MOST_MS}, async (name, end, reason) => {
    const played = await start('--with', name)
    expect(lastLines(played)).toMatch(reason)
    expect(played.code).toBe(1)
    expect(ends(played).at(-1)).toBe(end)
    expect(ends(played).filter(line => line.startsWith('red'))).toHaveLength(1)
    expect(played.left).toEqual([])
  })
})
