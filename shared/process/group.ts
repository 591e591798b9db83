import {readdirSync, readFileSync} from 'node:fs'

/** A process that outlived the command that started it. */
export interface Leftover {
  readonly pid: number
  readonly command: string
}

/** Sends a signal to a whole process group; a group that is gone is fine. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // Nobody is left, or what is left belongs to somebody else.
  }
}

/** Kills the living processes of a group, and those elsewhere that carry the mark in their environment (`setsid` leaves a group, not its environment). Returns who they were. Without /proc it can only say that the group lived. */
export function killLeftovers(mark: string, group = -1): Leftover[] {
  const leftovers = findLeftovers(mark, group)
  for (const {pid} of leftovers) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
  if (leftovers.length > 0 && group > 0) signalGroup(group, 'SIGKILL')
  return leftovers
}

function findLeftovers(mark: string, group: number): Leftover[] {
  const pids = listProcesses()
  if (pids === undefined) return group > 0 && groupLives(group) ? [{pid: group, command: '(its process group)'}] : []
  return pids.flatMap(pid => {
    const stat = readText(`/proc/${pid}/stat`)
    const [state, , groupId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (stat === '' || state === 'Z' || state === 'X' || pid === process.pid) return []
    if (Number(groupId) !== group && !readText(`/proc/${pid}/environ`).includes(mark)) return []
    const command = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
    return [{pid, command: command === '' ? stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')) : command.slice(0, 200)}]
  })
}

/** How often the kernel killed something in this process's cgroup for want of memory; undefined where that cannot be read. `root` is where /proc and /sys lie. */
export function readOutOfMemoryKills(root = ''): number | undefined {
  const own = readText(`${root}/proc/self/cgroup`)
  const unified = /^0::(.*)$/m.exec(own)?.[1] ?? '/'
  const legacy = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1] ?? '/'
  const files = [
    `/sys/fs/cgroup${unified}/memory.events`,
    '/sys/fs/cgroup/memory.events',
    `/sys/fs/cgroup/memory${legacy}/memory.oom_control`,
    '/sys/fs/cgroup/memory/memory.oom_control'
  ]
  for (const file of files) {
    const count = /^oom_kill (\d+)$/m.exec(readText(root + file))
    if (count) return Number(count[1])
  }
  return undefined
}

function listProcesses(): number[] | undefined {
  try {
    const pids = readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(Number)
    return pids.length > 0 ? pids : undefined
  } catch {
    return undefined
  }
}

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
