import {spawnSync} from 'node:child_process'

/** Whether a program is on this machine. Tests that need more than Node are skipped, by name, where it is not. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version'], {stdio: 'ignore'}).error === undefined
}
