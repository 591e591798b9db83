import {expect, test} from 'vitest'
import {splitCommand} from '#shared/process'

test.each<[string, string[]]>([
  ['node train.mjs', ['node', 'train.mjs']],
  ['  node   train.mjs\n', ['node', 'train.mjs']],
  [`python -c 'print("a b; $HOME")'`, ['python', '-c', 'print("a b; $HOME")']],
  ['a "b c" d\\ e', ['a', 'b c', 'd e']],
  ['a "" \'\'', ['a', '', '']],
  ['pre"mid"\'post\'', ['premidpost']],
  ['a "x\\"y" "x\\\\y" "x\\ny" "\\$5"', ['a', 'x"y', 'x\\y', 'x\\ny', '$5']],
  ['a \\$x \\; \\*', ['a', '$x', ';', '*']],
  ['a --lr=0.1 b#c', ['a', '--lr=0.1', 'b#c']],
  ['a "*" \'|\' "a;b"', ['a', '*', '|', 'a;b']],
  ['node \\\n train.mjs', ['node', 'train.mjs']]
])('%j', (text, words) => {
  expect(splitCommand(text)).toEqual(words)
})

test.each<[string, string]>([
  ['node a.mjs; rm x', 'command has ; at column 11'],
  ['node $FILE', 'command has $ at column 6'],
  ['echo `id`', 'command has ` at column 6'],
  ['cat a | b', 'command has | at column 7'],
  ['a && b', 'command has & at column 3'],
  ['a > log', 'command has > at column 3'],
  ['a < log', 'command has < at column 3'],
  ['a *.csv', 'command has * at column 3'],
  ['a "$HOME"', 'command has $ in double quotes at column 4'],
  ['a (b)', 'command has ( at column 3'],
  ['a # note', 'command has a comment at column 3'],
  ['a\nb', 'command has a second line at column 2'],
  ['LR=1 node a', 'command has the assignment LR= at column 1']
])('%j asks for a shell', (text, message) => {
  const error = thrown(() => splitCommand(text))
  expect(error.message).toContain(message)
  expect(error).toMatchObject({kind: 'usage', hint: expect.stringContaining("bash -c '")})
})

test.each<[string, string]>([
  ["a 'b", "a single quote (') that is not closed (column 3)"],
  ['a "b', 'a double quote (") that is not closed (column 3)'],
  ['a \\', 'a backslash at the end'],
  ['  ', 'command is empty']
])('%j is unfinished', (text, message) => {
  expect(thrown(() => splitCommand(text)).message).toContain(message)
})

test('the proposed shell command keeps quotes', () => {
  expect(thrown(() => splitCommand("echo 'a' | b"))).toMatchObject({hint: expect.stringContaining(`bash -c 'echo '\\''a'\\'' | b'`)})
})

function thrown(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}
