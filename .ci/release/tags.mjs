import {git, gitRemote, remoteRefs} from './git.mjs'

/** Pushes `vX.Y.Z`, which is written once: a tag that is there with this commit is a rerun, with another it is refused. Returns what was done. */
export function pushVersion(root, version, commit) {
  const ref = `refs/tags/v${version}`
  const there = remoteRefs(root, ref).get(ref)
  if (there === commit) return `v${version} is there, with these bytes`
  if (there !== undefined)
    throw new Error(
      `v${version} is there with other bytes (${there.slice(0, 12)}, this is ${commit.slice(0, 12)}): a version is released once; raise it`
    )
  gitRemote(root, ['push', '--quiet', 'origin', `--force-with-lease=${ref}:`, `${commit}:${ref}`])
  return `v${version} is ${commit}`
}

/** Moves `vX` to a release that is tagged, unless a higher one of the same X is there. Returns what was done. */
export function moveMajor(root, version, commit) {
  const tags = remoteRefs(root, `refs/tags/v${version.split('.')[0]}*`)
  if (tags.get(`refs/tags/v${version}`) !== commit)
    throw new Error(`v${version} is not there with ${commit.slice(0, 12)}: push it before what points to it`)
  const major = `v${version.split('.')[0]}`
  const newest = [...tags.keys()]
    .map(ref => ref.slice('refs/tags/v'.length))
    .filter(name => name.startsWith(`${version.split('.')[0]}.`))
    .sort(byVersion)
    .at(-1)
  if (newest !== version) return `${major} stays at v${newest}`
  const before = tags.get(`refs/tags/${major}`)
  if (before === commit) return `${major} is at v${version}`
  gitRemote(root, ['push', '--quiet', 'origin', `--force-with-lease=refs/tags/${major}:${before ?? ''}`, `+${commit}:refs/tags/${major}`])
  return `${major} moved to v${version}${before ? ` from ${before.slice(0, 12)}` : ''}`
}

function byVersion(one, other) {
  const [a, b] = [one, other].map(name => name.split('.').map(Number))
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/** The commit that a step before this one wrote; an error when this clone does not hold it. */
export function known(root, commit) {
  return git(root, ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`])
}
