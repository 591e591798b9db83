import {EventEmitter} from 'node:events'
import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {type Command, describeEnd, killLeftovers, runCommand} from '#shared/process'

async function run(argv: readonly string[], more: Partial<Command> = {}) {
  const lines: string[] = []
  const end = await runCommand({
    argv,
    cwd: tmpdir(),
    env: process.env,
    onLine: line => lines.push(line),
    signals: new EventEmitter(),
    ...more
  })
  return {...end, lines}
}

const bash = (script: string, more: Partial<Command> = {}) => run(['bash', '-c', script], more)
const lives = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('an exit code and both streams', async () => {
  const end = await bash('echo out; echo err >&2; exit 3')
  expect(end).toMatchObject({exitCode: 3, signal: null, timedOut: false, leftovers: [], interruptedBy: undefined})
  expect([...end.lines].sort()).toEqual(['err', 'out'])
  expect(describeEnd(end)).toBe('ended with exit code 3')
})

test('no shell reads the arguments', async () => {
  expect((await run(['printf', '%s|', '$HOME', 'a b', ';'])).lines).toEqual(['$HOME|a b|;|'])
})

test('killed by a signal is not an exit code', async () => {
  const end = await bash('kill -KILL $$')
  expect(end).toMatchObject({exitCode: null, signal: 'SIGKILL'})
  expect(describeEnd({...end, outOfMemory: false})).toBe('was killed by SIGKILL from outside, not for want of memory')
  expect(describeEnd({...end, outOfMemory: true})).toBe('was killed by SIGKILL: the kernel killed for want of memory')
})

test('a program that is not there', async () => {
  await expect(run(['no-such-program-here'])).rejects.toMatchObject({
    name: 'UserError',
    message: 'command: the program no-such-program-here was not found'
  })
})

test('a program that may not be executed', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'process-')), 'plain.txt')
  writeFileSync(file, 'x', {mode: 0o644})
  await expect(run([file])).rejects.toThrow(`command: ${file} may not be executed`)
})

test.each([
  ['silent', 'sleep 60'],
  ['chatty', 'while :; do echo x; sleep 0.05; done'],
  ['deaf', "trap '' TERM INT; while :; do sleep 0.1; done"],
  ['stopped', 'kill -STOP $$; sleep 60']
])('a time limit ends a %s command', async (_, script) => {
  const end = await bash(script, {timeoutMs: 200, graceMs: {terminate: 0, kill: 300}})
  expect(end.timedOut).toBe(true)
  expect(end.durationMs).toBeLessThan(3000)
  expect(describeEnd(end, 200)).toBe('was stopped after 0.2 s, its time limit')
})

test('SIGINT reaches the group, which may finish', async () => {
  const signals = new EventEmitter()
  const end = await bash("trap 'echo saved; exit 130' INT; echo ready; while :; do sleep 0.05; done", {
    signals,
    onLine: line => line === 'ready' && signals.emit('SIGINT')
  })
  expect(end).toMatchObject({exitCode: 130, signal: null, interruptedBy: 'SIGINT', timedOut: false})
  expect(end.output.tail).toEqual(['ready', 'saved'])
  expect(signals.listenerCount('SIGINT')).toBe(0)
})

test('who ignores SIGINT gets SIGTERM, then SIGKILL', async () => {
  const signals = new EventEmitter()
  const end = await bash("trap 'echo int' INT; trap 'echo term' TERM; echo ready; while :; do sleep 0.05; done", {
    signals,
    graceMs: {terminate: 200, kill: 500},
    onLine: line => line === 'ready' && signals.emit('SIGINT')
  })
  expect(end).toMatchObject({exitCode: null, signal: 'SIGKILL', interruptedBy: 'SIGINT'})
  expect(end.output.tail).toEqual(expect.arrayContaining(['ready', 'int', 'term']))
})

test('a second signal hurries', async () => {
  const signals = new EventEmitter()
  const end = await bash("trap 'echo int' INT; trap '' TERM; echo ready; while :; do sleep 0.05; done", {
    signals,
    graceMs: {terminate: 20_000, kill: 30_000},
    onLine: line => ['ready', 'int'].includes(line) && signals.emit('SIGINT')
  })
  expect(end.signal).toBe('SIGKILL')
  expect(end.durationMs).toBeLessThan(3000)
})

test('the default grace kills within the six seconds that the runner leaves', async () => {
  const signals = new EventEmitter()
  const end = await bash("trap '' INT TERM; echo ready; while :; do sleep 0.05; done", {
    signals,
    onLine: line => line === 'ready' && signals.emit('SIGINT')
  })
  expect(end.signal).toBe('SIGKILL')
  expect(end.durationMs).toBeLessThan(6000)
})

test.each([
  ['in the group', 'sleep 61 & echo $!'],
  ['in a session of its own', 'setsid sleep 62 & echo $!']
])('a process left %s is named and killed', async (_, script) => {
  const end = await bash(script)
  expect(end.exitCode).toBe(0)
  expect(end.leftovers).toEqual([{pid: expect.any(Number), command: expect.stringMatching(/^sleep 6[12]$/)}])
  expect(lives(end.leftovers[0].pid)).toBe(false)
  expect(end.durationMs).toBeLessThan(3000)
})

test('a gigabyte of output is capped and counted', async () => {
  const end = await bash('yes 0123456789012345678901234567890123456789 | head -c 1000000000; echo; echo the end', {
    limits: {lineBytes: 100, totalBytes: 1e6}
  })
  expect(end.exitCode).toBe(0)
  expect(end.output.bytes).toBe(1_000_000_009)
  expect(end.lines.length).toBeLessThan(30_000)
  expect(end.lines.at(-1)).toBe('the end')
  expect(end.lines).toContain('(1.0 GB printed in all; after 1.0 MB only the last lines are shown)')
})

test('a line of 100 MB stays within memory', async () => {
  const before = process.memoryUsage.rss()
  const end = await bash('head -c 100000000 /dev/zero | tr "\\0" x; echo; echo after')
  expect(end.lines.map(line => line.slice(-25))).toEqual([' … (a line of 100 MB, cut)'.slice(-25), 'after'])
  expect(process.memoryUsage.rss() - before).toBeLessThan(150e6)
})

test('binary, escapes and commands are made harmless', async () => {
  const end = await bash("printf '\\x1b[31m::error::red\\x1b[0m\\n\\xff\\x00\\n::add-mask::hunter2\\npassword hunter2\\n'")
  expect(end.lines).toEqual([': :error::red', '\uFFFD\\x00', ': :add-mask::***', 'password ***'])
})

test('raw output stays as it is', async () => {
  expect((await bash("echo '::notice::n'", {output: 'raw'})).lines).toEqual(['::notice::n'])
})

test('what is left to run is left, until its mark is called', async () => {
  const end = await bash('sleep 63 >/dev/null 2>&1 & echo $!', {
    leftovers: 'leave',
    env: {...process.env, RUNNER_TRACKING_ID: 'mark-of-this-test'}
  })
  const pid = Number(end.lines[0])
  expect([end.leftovers, lives(pid)]).toEqual([[], true])
  expect(killLeftovers('mark-of-this-test')).toEqual([{pid, command: 'sleep 63'}])
  await expect.poll(() => lives(pid)).toBe(false)
})
