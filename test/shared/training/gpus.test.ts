import {existsSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {watchGpus} from '#shared/training/gpu-use'
import {describeMachine, readMachine} from '#shared/training/machine'

/** PATH with an nvidia-smi that runs this script; `$*` are its arguments. */
function smi(script: string): {PATH: string} {
  const folder = mkdtempSync(join(tmpdir(), 'smi-'))
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/bash\n${script}\n`, {mode: 0o755})
  return {PATH: [folder, '/usr/bin', '/bin'].join(delimiter)}
}

/** Answers each question by what it asks for. */
const answers = ({
  gpus = 'NVIDIA H100 80GB HBM3, 81559, 570.133',
  apps = '',
  used = '0, 3'
}: {
  gpus?: string
  apps?: string
  used?: string
}) =>
  `case "$*" in *compute-apps*) printf '%b' '${apps}';; *index,memory.used*) printf '%b\\n' '${used}';; *) printf '%b\\n' '${gpus}';; esac`

describe('the machine', () => {
  test('without nvidia-smi has no GPU, and says so', async () => {
    const machine = await readMachine({PATH: '/none'}, '.')
    expect([machine.gpus, machine.tenants]).toEqual([[], []])
    const [first, ...rest] = describeMachine(machine)
    expect(first).toMatch(/^machine: \S+, \d+ CPUs.*, [\d.]+ GB of memory, [\d.]+ GB free, [\d.]+ GB of disk free, node v\d+/)
    expect(rest).toEqual(['gpu: none'])
  })

  test('names GPU, memory, driver and who else is on it', async () => {
    const apps = '4711, python3, 2048\\n4712, /usr/bin/other, [N/A]\\n'
    const machine = await readMachine(smi(answers({apps})), '.')
    expect(describeMachine(machine).slice(1)).toEqual([
      'gpu 0: NVIDIA H100 80GB HBM3, 81,559 MiB, driver 570.133',
      'gpu: shared with python3 (process 4711, 2,048 MiB); /usr/bin/other (process 4712)'
    ])
  })

  test('with nobody else says so, and names memory whose owner it can not see', async () => {
    expect(describeMachine(await readMachine(smi(answers({})), '.')).at(-1)).toBe('gpu: nobody else uses it')
    const hidden = await readMachine(smi(answers({apps: '[Not Found], [Not Found], [N/A]\\n', used: '0, 40960\\n1, 3'})), '.')
    expect(describeMachine(hidden).at(-1)).toBe("gpu: shared with GPU 0: 40,960 MiB taken by processes that can't be seen from here")
  })

  test('of MIG slices whose memory nvidia-smi does not know is still a machine with a GPU', async () => {
    const {gpus, tenants} = await readMachine(
      smi(answers({gpus: 'NVIDIA A100-SXM4-40GB MIG 3g.20gb, [N/A], 550.1', used: '0, [N/A]'})),
      '.'
    )
    expect([gpus, tenants]).toEqual([['NVIDIA A100-SXM4-40GB MIG 3g.20gb, memory not known, driver 550.1'], []])
  })

  test.each<[string, string]>([
    ['fails', 'echo "NVIDIA-SMI has failed"; exit 9'],
    ['says nothing', 'true'],
    ['talks of something else', 'echo hello'],
    ['hangs', 'trap "" TERM INT; while :; do sleep 1; done']
  ])('whose nvidia-smi %s has no GPU, within the limit', async (_, script) => {
    const from = performance.now()
    expect((await readMachine(smi(script), '.', 500)).gpus).toEqual([])
    expect(performance.now() - from).toBeLessThan(5000)
  })
})

/** Rows a fifth of a second apart, then nothing more; the last is printed before the program says so in a file. */
async function watched(rows: readonly string[], {after = 'sleep 60', seconds = 0.01}: {after?: string; seconds?: number} = {}) {
  const done = join(mkdtempSync(join(tmpdir(), 'smi-done-')), 'done')
  const script = `${rows.map(row => `printf '%b\\n' '${row}'; sleep 0.03`).join('\n')}\ntouch ${done}\n${after}`
  const watch = watchGpus(smi(script), () => performance.now(), seconds)
  await expect.poll(() => existsSync(done), {timeout: 10_000}).toBe(true)
  await new Promise(resolve => setTimeout(resolve, 50))
  const use = watch.stop()
  return {
    ...use,
    named: Object.fromEntries(use.facts.map(({name, value, unit}) => [name, unit === undefined ? value : `${value} ${unit}`]))
  }
}

describe('what the GPUs did', () => {
  test('are means and peaks over all of them, and a curve each', async () => {
    const {named, figures} = await watched([
      '0, 10, 1000, 40, 100.5',
      '1, 30, 3000, 50, 200',
      '0, 50, 2000, 60, 300',
      '1, 70, 500, 45, 250'
    ])
    expect(named).toEqual({
      'gpu utilisation, mean': '40 %',
      'gpu utilisation, peak': '70 %',
      'gpu memory, mean': '1625 MiB',
      'gpu memory, peak': '3000 MiB',
      'gpu temperature, mean': '48.8 °C',
      'gpu temperature, peak': '60 °C',
      'gpu power, mean': '212.6 W',
      'gpu power, peak': '300 W',
      'gpu samples': 2
    })
    expect(figures).toMatchObject([
      {
        kind: 'curve',
        id: 'gpu(utilisation)',
        series: [
          {name: 'GPU 0', y: [10, 50]},
          {name: 'GPU 1', y: [30, 70]}
        ]
      }
    ])
  })

  test.each<[string, readonly string[]]>([
    ['what a sensor does not know', ['0, [N/A], 2000, [Not Supported], [N/A]']],
    ['what can not be', ['0, 150, 2000, 9999, -3', '0, NaN, Infinity, 1e99, ']],
    ['what is no row', ['hello', '', '-1, 5, 5, 5, 5', '0', '0, , , , ', '1e3, 5, 5, 5, 5', '0, 50%, 2000, x, y']]
  ])('leave out %s', async (_, rows) => {
    const {named, figures} = await watched(rows)
    expect(Object.keys(named).filter(name => !/^gpu (?:memory|samples)/.test(name))).toEqual([])
    expect([undefined, '2000 MiB']).toContain(named['gpu memory, peak'])
    expect(figures).toEqual([])
  })

  test('are nothing where nvidia-smi is not there, and what there was where it died', async () => {
    const none = watchGpus({PATH: '/none'}, () => performance.now())
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(none.stop()).toEqual({facts: [], figures: []})
    expect((await watched(['0, 20, 1000, 40, 100'], {after: 'exit 9'})).named).toMatchObject({
      'gpu samples': 1,
      'gpu utilisation, peak': '20 %'
    })
  })

  test('of a program that floods are one sample in a quarter of the time asked for', async () => {
    const flood = Array.from({length: 20}, (_, at) => `0, ${at}, 1, 1, 1\\n0, 99, 1, 1, 1`)
    expect((await watched(flood, {seconds: 60})).named).toMatchObject({'gpu samples': 1, 'gpu utilisation, peak': '0 %'})
  })

  test('stay small however long it takes', async () => {
    const script = "printf '0, %d, 1, 1, 1\\n' {1..3000} | sed 's/, \\([0-9]*\\),/, 5,/'; sleep 60"
    let ms = 0
    const watch = watchGpus(smi(script), () => {
      ms += 5000
      return ms
    })
    await expect.poll(() => ms, {timeout: 10_000}).toBeGreaterThan(14_000_000)
    const {facts, figures} = watch.stop()
    expect(facts.at(-1)?.value).toBeGreaterThan(2800)
    const [{series}] = figures
    expect(series[0].x.length).toBeGreaterThan(90)
    expect(series[0].x.length).toBeLessThanOrEqual(200)
  })

  test('are watched by a program that is stopped, though it ignores signals', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'smi-pid-'))
    const watch = watchGpus(smi(`trap '' TERM INT; echo $$ > ${folder}/pid; while :; do echo '0, 1, 1, 1, 1'; sleep 0.1; done`), () =>
      performance.now()
    )
    await expect.poll(() => existsSync(join(folder, 'pid'))).toBe(true)
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
    watch.stop()
    const state = () =>
      existsSync(`/proc/${pid}/status`) ? /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] : 'gone'
    await expect.poll(state).toMatch(/^(?:Z|gone)$/)
  })
})
