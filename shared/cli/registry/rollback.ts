import {UserError} from '#shared/errors'
import {type Asker, COMMON_USAGE, parseQuestion, type QuestionSpec} from './question.js'

const SPEC: QuestionSpec = {
  words: '[name] --reason "…"',
  options: {reason: {type: 'string'}, to: {type: 'string'}, alias: {type: 'string'}},
  usage: `trainyard rollback [name] --reason "…" [options]

Moves champion back to the version that it came from, in one step, once every byte of that version is found whole; the log keeps it.
It does not move traffic: deploy-canary does, and the command is printed.

  --reason <text>       why, for the log
  --to <version>        another version that was champion than the one before
  --alias <alias>       another alias than champion
${COMMON_USAGE}

Exit codes: 0 moved, 2 usage, 3 it could not be moved, and is where it was`
}

/** `trainyard rollback`: one compare-and-swap; refuses while a rollout is open. */
export async function rollbackCommand(args: readonly string[], asker: Asker): Promise<number> {
  const question = parseQuestion('rollback', args, SPEC, asker)
  if (question === null) return 0
  const [word, ...more] = question.words
  if (more.length > 0) throw new UserError(`rollback: unexpected ${more[0]}`, {kind: 'usage', hint: `trainyard rollback ${SPEC.words}`})
  const reason = question.text('reason')?.trim() ?? ''
  if (reason === '')
    throw new UserError('rollback: expected --reason, which the log keeps', {kind: 'usage', hint: `trainyard rollback ${SPEC.words}`})
  const {registry, name} = await question.open(word)
  const alias = question.text('alias') ?? 'champion'
  const {from, alias: moved} = await registry.rollBack({name, alias, to: question.text('to'), reason})
  const command = `TRAINYARD_ENDPOINT_TOKEN="$MODEL_SERVER_TOKEN" trainyard deploy-canary --name ${name} --version ${alias} --endpoint <address>`
  if (question.flag('json')) asker.print(JSON.stringify({name, from, moved, next: command}, undefined, 2))
  else {
    asker.print(`${alias} of ${name}: ${from.version} → ${moved.version} (sha256 ${moved.digest}, generation ${moved.generation})`)
    asker.print('Traffic has not moved: an endpoint takes its weights from deploy-canary alone. Now run')
    asker.print(`  ${command}`)
    asker.print(`or the deploy job with version: ${alias}.`)
  }
  return 0
}
