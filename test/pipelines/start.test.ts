import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {ends, MOST_MS, redStarts, STAGE, start} from '../support/start.js'

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
    expect(readFileSync(join(STAGE, 'comment.md'), 'utf8')).not.toContain('deploy-canary')
    expect(played.lines).toContain('Comment on the pull request: trainyard-out/start/comment.md')
    expect(existsSync(join(STAGE, 'pid'))).toBe(false)
    expect(played.left).toEqual([])
  })

  // The two that end red in the job judge run in test/peers.
  redStarts('raw-data', 'failing-canary')
})
