import {spawnSync} from 'node:child_process'

/** Runs git and returns its output without the last line's end; a failure is an error that says what git said. */
export function git(cwd, argv, {input, env = {}} = {}) {
  const options = {cwd, input, env: {...process.env, ...env, GIT_TERMINAL_PROMPT: '0'}, maxBuffer: 2 ** 30, timeout: 300_000}
  const {status, stdout, stderr, error} = spawnSync('git', argv, options)
  if (error || status !== 0) throw new Error(`git ${argv[0]} failed: ${error?.message ?? stderr.toString().trim()}`)
  return stdout.toString().replace(/\n$/, '')
}

/** The same against the remote, whose token travels in the environment, where no list of processes shows it. */
export function gitRemote(cwd, argv) {
  const {GITHUB_TOKEN: token, GITHUB_SERVER_URL: server = 'https://github.com'} = process.env
  if (!token) return git(cwd, argv)
  const header = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  return git(cwd, argv, {
    env: {GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: `http.${server}/.extraheader`, GIT_CONFIG_VALUE_0: header}
  })
}

/** Commits of the remote's refs by name (`refs/tags/v1.2.3`), of annotated tags the commit that they name. */
export function remoteRefs(cwd, pattern) {
  const lines = gitRemote(cwd, ['ls-remote', 'origin', pattern, `${pattern}^{}`])
    .split('\n')
    .filter(Boolean)
  return new Map(lines.map(line => line.split('\t')).map(([commit, ref]) => [ref.replace('^{}', ''), commit]))
}
