import {expect, test} from 'vitest'
import {inert} from '#shared/process/inert'

test.each([
  ['::error::x', ': :error::x'],
  [' \t::error::x', ' \t: :error::x'],
  ['\u0085::add-mask::x', '\u0085: :add-mask::x'],
  ['\u00a0\u0085\u2003::error::x', '\u00a0\u0085\u2003: :error::x'],
  ['a\n::error::x\r\n ::error::y', 'a\n: :error::x\r\n : :error::y'],
  ['said ##[error]x', 'said ## [error]x'],
  ['roc_auc::train', 'roc_auc::train']
])('%j is harmless as %j', (text, harmless) => expect(inert(text)).toBe(harmless))
