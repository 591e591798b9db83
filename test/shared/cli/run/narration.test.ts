import {expect, test} from 'vitest'
import {renderProgress} from '#shared/cli/run/narration'

const ID = 'roc_auc >= champion - 0.05'

function told(message: string): string {
  const annotation = {level: 'warning', file: 'trainyard.yml', line: 26, title: ID, message} as const
  return renderProgress({kind: 'annotation', job: 'judge', annotation}, false)
}

test('an annotation says its title once', () => {
  expect(told(`${ID}: first model: compared with nothing`)).toBe(
    `    warning trainyard.yml:26: ${ID}: first model: compared with nothing\n`
  )
  expect(told('roc_auc 0.6 is below champion - 0.05')).toBe(`    warning ${ID}: trainyard.yml:26: roc_auc 0.6 is below champion - 0.05\n`)
})
