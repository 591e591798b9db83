import {randomBytes} from 'node:crypto'
import {UserError} from '#shared/errors'
import {ApiError} from '#shared/github/api-error'
import {blobSha} from './git-shas.js'
import type {Branch, BranchWorld, Snapshot} from './github-branch.js'
import {type Doubt, doubtOf, fateOf, untold} from './github-doubt.js'
import {messageFor} from './github-messages.js'
import {BRANCH, refusalOf} from './github-refusals.js'
import {parseKey} from './key.js'
import type {ObjectStore} from './store.js'

const ATTEMPTS = 40
const FIRST_MS = 100
const LONGEST_MS = 3000

/** One file that is to be written where another blob, or none, is there now. */
interface Change {
  readonly key: string
  readonly expected: string | null
  /** null: removed */
  readonly bytes: Uint8Array | null
}

/** What became of an attempt: `conflict`: somebody else was first; `unknown`: GitHub did not say. */
type Outcome = 'done' | 'conflict' | 'unknown'

/**
 * Documents as files of the branch. A file alone is written through GitHub's contents API, whose swap compares the blob; several at once as one commit,
 * whose swap is the update of the ref without force. A tag is the blob's sha: what is swapped carries a generation, so no two are the same.
 */
export function githubObjects(branch: Branch, repository: string, world: BranchWorld): ObjectStore {
  const swap = async (change: Change, others: readonly {key: string; bytes: Uint8Array}[] = []): Promise<string | null> => {
    parseKey(change.key)
    const ours = change.bytes === null ? '' : blobSha(change.bytes)
    const mark = `Trainyard-Write: ${randomBytes(8).toString('hex')}`
    let doubt: Doubt | undefined
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await world.sleep(world.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt))
      let snapshot = attempt > 0 ? await (doubt ? branch.lookAtHead('now') : branch.look('now')) : await branch.look()
      if (doubt && !fits(change, snapshot)) {
        const fate = await fateOf(branch, snapshot, doubt)
        if (fate === 'unseen') continue
        return fate === 'ours' ? ours : null
      }
      if (!fits(change, snapshot) && snapshot.files.get(change.key) === ours) return null
      if (!fits(change, snapshot) && attempt === 0) snapshot = await branch.look('now')
      if (!fits(change, snapshot)) return null
      const outcome = await attemptOf(branch, repository, {change, others, mark})
      if (outcome === 'done') return ours
      if (outcome === 'unknown') doubt ??= doubtOf(mark, snapshot)
    }
    if (doubt) throw untold(change.key, repository)
    throw new UserError(`${change.key}: others write to the branch ${BRANCH} without a pause`, {
      hint: 'Let fewer jobs publish at once, then run this again.'
    })
  }
  return {
    get: async key => {
      const sha = (await branch.look()).files.get(parseKey(key))
      return sha === undefined ? null : {bytes: await branch.blob(sha), tag: sha}
    },
    putIfAbsent: (key, bytes) => swap({key, expected: null, bytes}),
    putIfMatch: (key, bytes, tag) => swap({key, expected: tag, bytes}),
    putTogether: ({key, bytes, tag}, others) => swap({key, expected: tag, bytes}, others),
    list: async prefix => [...(await branch.look()).files.keys()].filter(key => key.startsWith(prefix)).sort(),
    delete: async key => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const sha = (await branch.look('now')).files.get(parseKey(key))
        if (sha === undefined || (await swap({key, expected: sha, bytes: null})) !== null) return
      }
    }
  }
}

function fits({key, expected}: Change, {files}: Snapshot): boolean {
  return (files.get(key) ?? null) === expected
}

interface Attempt {
  readonly change: Change
  readonly others: readonly {readonly key: string; readonly bytes: Uint8Array}[]
  readonly mark: string
}

async function attemptOf(branch: Branch, repository: string, attempt: Attempt): Promise<Outcome> {
  try {
    const {tree} = await branch.look()
    const alone = attempt.others.length === 0 && tree !== null
    return alone ? await changeFile(branch, attempt) : await commitAll(branch, attempt)
  } catch (error) {
    const outcome = error instanceof ApiError ? outcomeOf(error) : undefined
    if (outcome === undefined) throw refusalOf(error, 'write', repository)
    return outcome
  }
}

// Refused because somebody else was first, or not answered by GitHub itself; undefined: refused for good.
function outcomeOf({status, message}: ApiError): Outcome | undefined {
  if (status === undefined || status >= 500) return 'unknown'
  if (/rule violation|protected|pull request|is empty/i.test(message)) return undefined
  if (status === 409) return 'conflict'
  if (status === 404 && /branch .* not found/i.test(message)) return 'conflict'
  if (status === 422 && /fast.forward|already exists|wasn't supplied|does not exist|does not match/i.test(message)) return 'conflict'
  return undefined
}

async function changeFile(branch: Branch, {change, mark}: Attempt): Promise<Outcome> {
  const {key, bytes, expected} = change
  const message = `${messageFor(key, bytes === null)}\n\n${mark}`
  const head = await branch.git.changeFile({branch: BRANCH, path: key, bytes, replaces: expected, message})
  branch.wrote(new Map([[key, bytes]]), head)
  return 'done'
}

async function commitAll(branch: Branch, {change, others, mark}: Attempt): Promise<Outcome> {
  const at = await branch.lookAtHead()
  if (!fits(change, at)) return 'conflict'
  const files = [
    ...(change.bytes === null ? [] : [{key: change.key, bytes: change.bytes}]),
    ...others.filter(({key}) => !at.files.has(key))
  ]
  const parents = at.commit === undefined ? [] : [at.commit]
  const tree = await branch.git.makeTree(
    at.tree ?? undefined,
    files.map(({key, bytes}) => ({path: parseKey(key), bytes}))
  )
  const commit = await branch.git.makeCommit({tree, parents, message: `${messageFor(change.key, false)}\n\n${mark}`})
  await branch.git.moveBranch(BRANCH, commit, at.commit === undefined ? 'create' : 'forward')
  branch.wrote(new Map(files.map(({key, bytes}) => [key, bytes])), {commit, tree})
  return 'done'
}
