import {type ChildProcess, spawn} from 'node:child_process'
import {Socket} from 'node:net'
import {createInterface} from 'node:readline'

type Variables = Readonly<Record<string, string | undefined>>
/** One line of CSV: its cells without the blanks around them. */
export type Cells = readonly string[]

const MOST_LINES = 1000
const MOST_CHARACTERS = 2000

/**
 * What `nvidia-smi` says, a row a line; undefined when it is not there, fails, or takes longer than `timeoutMs`. The wait ends then also where the program
 * can't be killed: of a GPU that fell off the bus it hangs in the kernel.
 */
export async function askNvidiaSmi(args: readonly string[], env: Variables, timeoutMs: number): Promise<readonly Cells[] | undefined> {
  const rows: Cells[] = []
  const child = start([...args, '--format=csv,noheader,nounits'], env, cells => rows.length < MOST_LINES && rows.push(cells))
  const code = await new Promise<number | null | undefined>(resolve => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs)
    child.once('error', () => resolve(null))
    child.once('close', given => {
      clearTimeout(timer)
      resolve(given)
    })
  })
  abandon(child)
  return code === 0 ? rows : undefined
}

/** Asks again every `seconds` until it is told to stop; what it prints arrives row by row. It holds up nobody: not its caller, not the end of this process. */
export function followNvidiaSmi(args: readonly string[], env: Variables, seconds: number, onRow: (cells: Cells) => void): {stop(): void} {
  const child = start([...args, '--format=csv,noheader,nounits', `--loop=${seconds}`], env, onRow)
  child.on('error', () => undefined)
  child.unref()
  if (child.stdout instanceof Socket) child.stdout.unref()
  return {stop: () => abandon(child)}
}

function start(args: readonly string[], env: Variables, onRow: (cells: Cells) => void): ChildProcess {
  const child = spawn('nvidia-smi', args, {env, stdio: ['ignore', 'pipe', 'ignore']})
  createInterface({input: child.stdout}).on('line', line => {
    const text = line.slice(0, MOST_CHARACTERS).trim()
    if (text !== '') onRow(text.split(',').map(cell => cell.trim()))
  })
  return child
}

function abandon(child: ChildProcess): void {
  child.kill('SIGKILL')
  child.stdout?.destroy()
  child.unref()
}
