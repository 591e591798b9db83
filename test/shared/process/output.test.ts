import {expect, test} from 'vitest'
import {bytesText, lineCutter, neutraliser, plainText} from '../../../shared/process/output.js'

function cut(chunks: readonly (string | Buffer)[], options: Parameters<typeof lineCutter>[1] = {}): string[] {
  const lines: string[] = []
  const cutter = lineCutter(line => lines.push(line), options)
  for (const chunk of chunks) cutter.write(Buffer.from(chunk))
  cutter.end()
  return lines
}

test.each<[string[], string[]]>([
  [['a\nb\n'], ['a', 'b']],
  [
    ['a', 'b\nc'],
    ['ab', 'c']
  ],
  [['a\r\nb\r\n'], ['a', 'b']],
  [
    ['a\r', '\nb\n'],
    ['a', 'b']
  ],
  [['a\r\r\n'], ['a']],
  [['a\r', '\r', '\n'], ['a']],
  [['10%\r20%\r30%\n'], ['30%']],
  [['10%\r', '20%\r', '30%'], ['30%']],
  [['10%\r20%\r'], ['20%']],
  [['\n\n'], ['', '']],
  [[], []]
])('%j', (chunks, lines) => {
  expect(cut(chunks)).toEqual(lines)
})

test('a character split between chunks stays whole', () => {
  const bytes = Buffer.from('é€\n')
  expect(cut([bytes.subarray(0, 1), bytes.subarray(1, 3), bytes.subarray(3)])).toEqual(['é€'])
})

test('a long line is cut and its length said', () => {
  const limits = {lineBytes: 10, totalBytes: 1e9}
  expect(cut(['x'.repeat(8), 'y'.repeat(1992), '\nnext\n'], {limits})).toEqual(['xxxxxxxxyy … (a line of 2.0 kB, cut)', 'next'])
})

test('a bar that never ends its line is shown now and then', () => {
  let time = 0
  const lines: string[] = []
  const cutter = lineCutter(line => lines.push(line), {now: () => time})
  for (let step = 1; step <= 12; step++) {
    time += 1000
    cutter.write(Buffer.from(`step ${step}\r`))
  }
  cutter.end()
  expect(lines).toEqual(['step 5', 'step 10', 'step 12'])
})

test.each([
  ['\x1b[31mred\x1b[0m', 'red'],
  ['\x1b]0;title\x07text', 'text'],
  ['a\x00b\x07', 'a\\x00b\\x07'],
  ['tab\tstays', 'tab\tstays']
])('escapes: %j', (line, plain) => {
  expect(plainText(line)).toBe(plain)
})

test.each([
  ['::error::x', ': :error::x'],
  ['  ::set-output name=a::b', '  : :set-output name=a::b'],
  ['\u00a0::stop-commands::t', '\u00a0: :stop-commands::t'],
  ['std::vector', 'std::vector'],
  ['a ##[error]b', 'a ## [error]b']
])('the runner does not obey %j', (line, shown) => {
  expect(neutraliser()(line)).toBe(shown)
})

test('what the program masks is masked from then on', () => {
  const neutralise = neutraliser()
  expect(['::add-mask::s3%25cret', 'the s3%cret', 'other'].map(neutralise)).toEqual([': :add-mask::***', 'the ***', 'other'])
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [64e6, '64 MB'],
  [999_999_999, '1.0 GB'],
  [1e9, '1.0 GB']
])('%d bytes', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})
