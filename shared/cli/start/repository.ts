import {execFileSync} from 'node:child_process'
import {cpSync, readdirSync} from 'node:fs'
import {basename, join} from 'node:path'
import {codeOf, UserError} from '#shared/errors'

/** A change to the example: a folder of `cases/`, whose files are copied over it. */
export interface Change {
  readonly name: string
  readonly folder: string
}

/** A user's repository, made from the example. */
export interface Repository {
  readonly folder: string
  /** puts a change on a branch of its own */
  propose(change: Change): void
  /** brings the branch to main */
  merge(change: Change): void
}

const OUTPUTS = ['model.onnx', 'metrics.json', 'history.jsonl', 'trainyard-out', 'node_modules', '.git']
export const USUAL_CHANGE = 'more-columns'

/** The change by its name, or the one that goes well. Throws UserError that names what there is. */
export function findChange(example: string, name: string = USUAL_CHANGE): Change {
  const cases = readdirSync(join(example, 'cases'), {withFileTypes: true}).filter(entry => entry.isDirectory())
  const names = cases.map(entry => entry.name)
  if (names.includes(name)) return {name, folder: join(example, 'cases', name)}
  throw new UserError(`--with: expected one of ${names.join(', ')}, got "${name}"`, {
    kind: 'usage',
    hint: `npm start -- --with ${names[0]}`
  })
}

/** Copies the example to `folder` and commits it on main; where git is absent the files alone must do. */
export function createRepository(example: string, folder: string): Repository {
  cpSync(example, folder, {recursive: true, filter: path => path === example || !OUTPUTS.includes(basename(path))})
  const git = gitIn(folder)
  const commit = (message: string) => {
    git('add', '--all')
    git('commit', '--quiet', '--message', message)
  }
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'wages')
  git('config', 'user.email', 'wages@example.invalid')
  commit('Train on education, experience and age')
  return {
    folder,
    propose: ({name, folder: files}) => {
      git('checkout', '--quiet', '-b', name)
      cpSync(files, folder, {recursive: true})
      commit(`Try ${name}`)
    },
    merge: ({name}) => {
      git('checkout', '--quiet', 'main')
      git('merge', '--quiet', '--no-edit', name)
    }
  }
}

// The person's own settings (signing, hooks) are not for this repository.
const SETTINGS = ['-c', 'commit.gpgsign=false', '-c', 'core.hooksPath=/dev/null', '-c', 'core.autocrlf=false']

function gitIn(folder: string): (...argv: readonly string[]) => void {
  let absent = false
  return (...argv) => {
    if (absent) return
    try {
      execFileSync('git', [...SETTINGS, ...argv], {cwd: folder, stdio: 'pipe'})
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      absent = true
    }
  }
}
