import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {readOutOfMemoryKills} from '../../../shared/process/group.js'

function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'machine-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), {recursive: true})
    writeFileSync(join(root, path), text)
  }
  return root
}

test.each<[string, Record<string, string>, number | undefined]>([
  ['cgroup 2', {'proc/self/cgroup': '0::/a/b\n', 'sys/fs/cgroup/a/b/memory.events': 'low 0\noom 3\noom_kill 2\noom_group_kill 0\n'}, 2],
  ['cgroup 2 in a container', {'proc/self/cgroup': '0::/../x\n', 'sys/fs/cgroup/memory.events': 'oom_kill 0\n'}, 0],
  [
    'cgroup 1',
    {
      'proc/self/cgroup': '9:cpu,cpuacct:/c\n4:memory:/m\n',
      'sys/fs/cgroup/memory/m/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 5\n'
    },
    5
  ],
  ['nothing to read', {}, undefined]
])('kills for want of memory: %s', (_, files, kills) => {
  expect(readOutOfMemoryKills(machine(files))).toBe(kills)
})
