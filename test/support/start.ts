import {execFile} from 'node:child_process'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {findCheckout} from '#shared/cli/start/checkout'

const CHECKOUT = findCheckout()
export const STAGE = join(CHECKOUT, 'trainyard-out/start')
export const MOST_MS = 300_000

export interface Played {
  readonly code: number
  readonly lines: readonly string[]
  /** what was left in the machine's folders for temporary files and in the person's home */
  readonly left: readonly string[]
}

/** `npm start` with these arguments, once dist is built. */
export function start(...args: readonly string[]): Promise<Played> {
  if (!existsSync(join(CHECKOUT, 'dist/trainyard.js'))) throw new Error('dist is missing: npm run build')
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

export const ends = ({lines}: Played) => lines.filter(line => /^(green|red) /.test(line))
const lastLines = ({lines}: Played) => lines.slice(lines.lastIndexOf('')).join('\n')

/** How a start ends with each change that is not for production: its last run, and the failing action with its reason. */
const REDS = {
  'raw-data': {
    end: 'red   pull request: raw-data',
    reason: /^\n✗ data: validate-data\n {4}union_members: union: 438 of 534 .*82\.02%.*\n {4}unmarried: /
  },
  'worse-model': {
    end: 'red   pull request: worse-model',
    reason: /^\n✗ judge: evaluate\n {4}roc_auc >= champion - 0\.05: roc_auc 0\.6561 is below champion - 0\.05/
  },
  'biased-model': {
    end: 'red   pull request: biased-model',
    reason: /^\n✗ judge: check-fairness\n {4}demographic_parity_ratio\(gender\) >= 0\.8: .* 0\.6501 is below 0\.8/
  },
  'failing-canary': {
    end: 'red   push to main: failing-canary is merged',
    reason: /^\n✗ deploy: deploy-canary\n {4}.*rolled back.*\n {4}error_rate <= stable: /
  }
} as const

/** Tests that a start with each of these changes ends red, and why. */
export function redStarts(...names: readonly (keyof typeof REDS)[]): void {
  test.each(names)('--with %s ends red', {timeout: MOST_MS}, async name => {
    const {end, reason} = REDS[name]
    const played = await start('--with', name)
    expect(lastLines(played)).toMatch(reason)
    expect(played.code).toBe(1)
    expect(ends(played).at(-1)).toBe(end)
    expect(ends(played).filter(line => line.startsWith('red'))).toHaveLength(1)
    expect(played.left).toEqual([])
  })
}
