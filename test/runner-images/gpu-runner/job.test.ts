import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {HEALTHY, IDLE, openMachine, runnerWith} from './machine.js'

const JIT = {ACTIONS_RUNNER_INPUT_JITCONFIG: 'the configuration'}
const lives = (pid: number) => {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('a runner', () => {
  test('gets its configuration and nothing of what registers or measures, takes one job, and ends as it does', async () => {
    const machine = openMachine()
    machine.program(
      'run.sh',
      `echo "$# arguments, $ACTIONS_RUNNER_INPUT_JITCONFIG"; env | cut -d= -f1 | sort | tr '\\n' ' '; ${runnerWith(0.1)}exit 3`
    )
    const env = {...JIT, DRAIN_SECONDS: '5', RUNNER_LABELS: 'gpu', GPU_COUNT: '1', GITHUB_APP_ID: '1', RUNNER_TOOL_CACHE: '/opt/tools'}
    const {code, out} = await machine.start('run', env).ended()
    expect(code).toBe(3)
    expect(out).toContain('0 arguments, the configuration\n')
    expect(out).toMatch(/RUNNER_TOOL_CACHE/)
    expect(out).not.toMatch(/GITHUB_APP|DRAIN_SECONDS|GPU_COUNT|RUNNER_LABELS/)
  })

  test('has its configuration in no arguments of any process, which every user of the machine could read', async () => {
    const machine = openMachine()
    const shown = 'for list in /proc/[0-9]*/cmdline; do tr "\\0" " " <"$list" 2>/dev/null; echo; done | grep -c "Y29uZmlnd[X]JhdGlvbg"'
    machine.program('run.sh', `echo "arguments: $(${shown})"; echo "handed on: $ACTIONS_RUNNER_INPUT_JITCONFIG"`)
    const {out} = await machine.start('run', {ACTIONS_RUNNER_INPUT_JITCONFIG: 'Y29uZmlndXJhdGlvbg'}).ended()
    expect(out).toBe('arguments: 0\nhanded on: Y29uZmlndXJhdGlvbg\n')
  })

  test('takes a configuration from a file once', async () => {
    const machine = openMachine()
    machine.program('run.sh', 'echo "$ACTIONS_RUNNER_INPUT_JITCONFIG"')
    const file = join(machine.folder, 'jit')
    writeFileSync(file, 'from the file\n')
    expect(await machine.start('run', {RUNNER_JITCONFIG_FILE: file}).ended()).toMatchObject({code: 0, out: 'from the file\n'})
    expect(existsSync(file)).toBe(false)
    expect(await machine.start('run', {RUNNER_JITCONFIG_FILE: file}).ended()).toMatchObject({
      code: 1,
      err: expect.stringContaining('ENOENT')
    })
  })

  test.each(['file', 'variable'])("with the app's key in a %s does not start", async where => {
    const machine = openMachine()
    machine.program('run.sh', 'touch started')
    const file = join(machine.folder, 'key.pem')
    writeFileSync(file, 'key')
    const key: Record<string, string> = where === 'file' ? {GITHUB_APP_PRIVATE_KEY_FILE: file} : {GITHUB_APP_PRIVATE_KEY: 'key'}
    const {code, err} = await machine.start('run', {...JIT, ...key}).ended()
    expect([code, err]).toEqual([1, expect.stringContaining("the app's private key is here, where the job could read it")])
    expect(existsSync(join(machine.folder, 'started'))).toBe(false)
  })

  test('that waits ends at once on SIGTERM, with 0', async () => {
    const machine = openMachine()
    machine.program('run.sh', IDLE)
    const running = machine.start('run', {...JIT, DRAIN_SECONDS: '60'})
    await running.seen(/Listening/)
    running.child.kill('SIGTERM')
    const {code, out} = await running.ended()
    expect([code, out]).toEqual([0, expect.stringContaining('interrupted')])
  })

  test('with a job lets it end within the time to drain', async () => {
    const machine = openMachine()
    machine.program('run.sh', runnerWith(1))
    const running = machine.start('run', {...JIT, DRAIN_SECONDS: '20'})
    await running.seen(/Running job/)
    running.child.kill('SIGTERM')
    const {code, out} = await running.ended()
    expect([code, out]).toEqual([0, expect.stringMatching(/draining: train may go on for 20 s[\s\S]*completed with result: Succeeded/)])
    expect(out).not.toContain('interrupted')
  })

  test('with a job that takes longer interrupts it, and waits through the 10 s that the runner gives its step', {
    timeout: 60_000
  }, async () => {
    const machine = openMachine()
    machine.program('run.sh', runnerWith(300, 10.5))
    const running = machine.start('run', {...JIT, DRAIN_SECONDS: '1'})
    await running.seen(/Running job/)
    const from = performance.now()
    running.child.kill('SIGTERM')
    running.child.kill('SIGTERM')
    const {code, out} = await running.ended()
    const ms = performance.now() - from
    expect([code, out]).toEqual([2, expect.stringContaining('interrupted')])
    expect(out).not.toContain('is killed')
    expect(ms).toBeGreaterThan(11_000)
    expect(ms).toBeLessThan(25_000)
  })

  test('leaves no process of its job behind, in whatever session', async () => {
    const machine = openMachine()
    machine.program('run.sh', `setsid sleep 77 >/dev/null 2>&1 & echo "left $!"\n${runnerWith(0.2)}`)
    const {code, out} = await machine.start('run', JIT).ended()
    const pid = Number(/left (\d+)/.exec(out)?.[1])
    expect([code, pid > 0]).toEqual([0, true])
    await expect.poll(() => lives(pid)).toBe(false)
  })

  test('that hears nothing is killed with its job, also with what was stopped or ignores signals', async () => {
    const machine = openMachine()
    const job = "trap '' INT TERM; while :; do sleep 0.1; done"
    machine.program(
      'run.sh',
      `trap '' INT TERM\necho "2026Z: Running job: train"\nbash -c "${job}" & echo "left $!"; kill -STOP $!\nwhile :; do sleep 0.1; done`
    )
    const running = machine.start('run', {...JIT, GPU_STOP_MS: '300'})
    const pid = Number(/left (\d+)/.exec(await running.seen(/left \d+/))?.[1])
    running.child.kill('SIGINT')
    const {code, out} = await running.ended()
    expect([code, out]).toEqual([137, expect.stringContaining('did not end in time and is killed')])
    await expect.poll(() => lives(pid)).toBe(false)
  })

  test('whose program is not there is an error', async () => {
    expect(await openMachine().start('run', JIT).ended()).toMatchObject({
      code: 1,
      err: expect.stringContaining('the runner could not be started')
    })
  })
})

describe('a GPU', () => {
  test.each<[string, string, string, Record<string, string>, string]>([
    [
      'uncorrected errors',
      "echo '0, H100, 0, No, No'; echo '1, H100, 2, No, No'",
      'true',
      {},
      'GPU 1 (H100): 2 uncorrected memory errors since the driver was loaded'
    ],
    ['a row to remap', "echo '0, H100, 0, Yes, No'", 'true', {}, 'GPU 0 (H100): a memory row waits to be remapped'],
    ['a GPU that must be reset', "echo '0, H100, [GPU requires reset], No, No'", 'true', {}, 'says "[GPU requires reset]" where a counter'],
    ['a counter that is not there', "echo '0, H100, 0, No'", 'true', {}, 'GPU 0 (H100): nvidia-smi says "" where a counter is expected'],
    ['a failed remapping', "echo '0, H100, 0, No, Yes'", 'true', {}, 'GPU 0 (H100): remapping a memory row failed'],
    [
      'an XID',
      HEALTHY,
      "echo '[  100.000000] NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has fallen off the bus.'",
      {},
      'the kernel reported XID 79 of PCI:0000:3b:00'
    ],
    ['no answer', 'sleep 60', 'true', {GPU_TIMEOUT_MS: '500'}, 'nvidia-smi did not answer within 0.5 s'],
    [
      'a driver that fails',
      'echo "Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost."; exit 15',
      'true',
      {},
      'nvidia-smi failed: Unable to determine the device handle'
    ],
    ['none', 'true', 'true', {}, 'nvidia-smi shows 0 GPUs, expected at least one'],
    ['one too few', HEALTHY, 'true', {GPU_COUNT: '2'}, 'nvidia-smi shows 1 GPUs, expected 2']
  ])('with %s takes no job', async (_, smi, dmesg, env, message) => {
    const machine = openMachine()
    machine.program('run.sh', 'touch started')
    machine.program('nvidia-smi', smi)
    machine.program('dmesg', dmesg)
    for (const command of ['health', 'run']) {
      const {code, err, ms} = await machine.start(command, {...JIT, ...env}).ended()
      expect([code, err]).toEqual([75, expect.stringContaining(message)])
      expect(ms).toBeLessThan(10_000)
    }
    expect(existsSync(join(machine.folder, 'started'))).toBe(false)
  })

  test.each<[string, string, string, Record<string, string>]>([
    ['does not count errors', "echo '0, Tesla T4, [N/A], [N/A], [N/A]'", 'true', {}],
    ['saw a program fail', HEALTHY, "echo '[  9.5] NVRM: Xid (PCI:0000:3b:00): 31, pid=1, name=python, MMU Fault'", {}],
    ['had its XID before it was reset', HEALTHY, "echo '[  9.5] NVRM: Xid (PCI:0000:3b:00): 79, pid=1'", {GPU_XID_AFTER: '10'}],
    ["hides the kernel's log", HEALTHY, 'echo "dmesg: read kernel buffer failed: Operation not permitted" >&2; exit 1', {}]
  ])('that %s is sound', async (_, smi, dmesg, env) => {
    const machine = openMachine()
    machine.program('nvidia-smi', smi)
    machine.program('dmesg', dmesg)
    expect(await machine.start('health', env).ended()).toMatchObject({code: 0, err: ''})
  })

  test("whose log was promised and isn't there is an error, not sound", async () => {
    expect(await openMachine().start('health', {GPU_XID_LOG: '/none/kern.log'}).ended()).toMatchObject({
      code: 1,
      err: expect.stringContaining('ENOENT')
    })
  })

  test('that breaks while the runner waits ends the wait', async () => {
    const machine = openMachine()
    machine.program('run.sh', IDLE)
    const running = machine.start('run', {...JIT, GPU_IDLE_CHECK_MS: '100'})
    await running.seen(/Listening/)
    machine.program('dmesg', "echo '[  5.0] NVRM: Xid (PCI:0000:3b:00): 95, pid=1'")
    expect(await running.ended()).toMatchObject({code: 75, err: expect.stringContaining('XID 95')})
  })

  test('that breaks in a job is told after it, and the job goes on', async () => {
    const machine = openMachine()
    machine.program(
      'run.sh',
      `echo "2026Z: Running job: train"; sleep 0.5; echo "echo '0, H100, 1, No, No'" >> nvidia-smi; sleep 0.5; echo done`
    )
    const {code, out, err} = await machine.start('run', {...JIT, GPU_IDLE_CHECK_MS: '50'}).ended()
    expect([code, out]).toEqual([75, expect.stringContaining('done')])
    expect(err).toContain('1 uncorrected memory errors')
  })
})
