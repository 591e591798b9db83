import {createHash} from 'node:crypto'

/** The sha under which git keeps bytes. */
export function blobSha(bytes: Uint8Array): string {
  return gitSha('blob', bytes)
}

/** The sha of a tree with these files and no others, plain ones: whether what is known of a commit is all that is in it. */
export function treeSha(files: Iterable<readonly [path: string, sha: string]>): string {
  const entries: Entry[] = []
  const folders = new Map<string, [string, string][]>()
  for (const [path, sha] of files) {
    const slash = path.indexOf('/')
    if (slash < 0) {
      entries.push({mode: '100644', name: path, sha})
      continue
    }
    const inside = folders.get(path.slice(0, slash)) ?? []
    inside.push([path.slice(slash + 1), sha])
    folders.set(path.slice(0, slash), inside)
  }
  for (const [name, inside] of folders) entries.push({mode: '40000', name, sha: treeSha(inside)})
  return entriesSha(entries)
}

interface Entry {
  readonly mode: string
  readonly name: string
  readonly sha: string
}

// Git sorts folders as if their names ended with a slash.
function entriesSha(entries: readonly Entry[]): string {
  const key = ({mode, name}: Entry) => Buffer.from(mode === '40000' ? `${name}/` : name)
  const sorted = entries.toSorted((a, b) => Buffer.compare(key(a), key(b)))
  return gitSha('tree', Buffer.concat(sorted.flatMap(({mode, name, sha}) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(sha, 'hex')])))
}

function gitSha(kind: 'blob' | 'tree', bytes: Uint8Array): string {
  return createHash('sha1').update(`${kind} ${bytes.length}\0`).update(bytes).digest('hex')
}
