// Writes what the READMEs repeat between their markers: inputs and outputs from action.yml, the table of actions, the example's workflow.
// With --check it writes nothing, names what is stale and exits with 1.
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parse} from 'yaml'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const WORKFLOW = 'workflows-examples/wages/.github/workflows/continuous-training.yml'
const read = path => readFileSync(join(root, path), 'utf8')

const names = [...read('actions/index.ts').matchAll(/^ {2}'?([a-z-]+)'?: \{inputs/gm)].map(([, name]) => name)
const actions = names.map(name => ({...parse(read(`actions/${name}/action.yml`)), name, readme: `actions/${name}/README.md`}))
const documents = [
  ...actions.map(({readme, inputs, outputs}) => [readme, {inputs: inputsTable(inputs), outputs: outputsTable(outputs)}]),
  ['README.md', {actions: actionsTable(), workflow: workflowBlock()}, ['workflow']]
]

const stale = []
const wrong = []
for (const [file, blocks, optional = []] of documents) {
  const text = existsSync(join(root, file)) ? read(file) : undefined
  const lacking = Object.keys(blocks).filter(name => !optional.includes(name) && !text?.includes(`<!-- /${name} -->`))
  if (lacking.length > 0)
    wrong.push(`${file}: expected the markers ${lacking.map(name => `<!-- ${name} --> … <!-- /${name} -->`).join(', ')}`)
  else if (fill(text, blocks) !== text) stale.push([file, fill(text, blocks)])
}
const check = process.argv.includes('--check')
if (!check) for (const [file, text] of stale) writeFileSync(join(root, file), text)
for (const [file] of stale) console.log(check ? `${file}: stale, run npm run docs` : `${file}: written`)
for (const line of wrong) console.log(line)
if (wrong.length > 0 || (check && stale.length > 0)) process.exitCode = 1

/** The text with each block between its markers replaced. */
function fill(text, blocks) {
  return Object.entries(blocks).reduce((filled, [name, block]) => {
    const marked = new RegExp(String.raw`(<!-- ${name} -->\n)[\s\S]*?(<!-- /${name} -->)`)
    return filled.replace(marked, (_, open, close) => `${open}\n${block}\n\n${close}`)
  }, text)
}

function inputsTable(inputs) {
  const rows = Object.entries(inputs).map(([name, {description}]) => {
    const [, text, required, fallback] = /^(.*?)\s*(?:(Required), here or in trainyard\.yml|Default: (.*))\.\s*$/s.exec(description) ?? []
    return [`\`${name}\``, text, required ? '**required**' : fallback]
  })
  return table(['input', '', 'default'], rows)
}

function outputsTable(outputs) {
  return table(
    ['output', ''],
    Object.entries(outputs).map(([name, {description}]) => [`\`${name}\``, description.trim().replace(/\.$/, '')])
  )
}

function actionsTable() {
  const rows = actions.map(({name, readme, description}) => [`[${name}](${readme})`, description, permissionsOf(readme)])
  return table(['action', '', 'permissions'], rows)
}

/** From the list below the heading Permissions: each permission and its condition, up to the colon behind which its reason stands. */
function permissionsOf(readme) {
  if (!existsSync(join(root, readme))) return ''
  const [, section = ''] = /^## Permissions\n([\s\S]*?)(?=^## )/m.exec(read(readme)) ?? []
  return [...section.matchAll(/^- (`[^`]+`.*?)(?:: |$)/gm)].map(([, permission]) => permission).join('; ')
}

function workflowBlock() {
  return `\`\`\`yaml\n${read(WORKFLOW)}\`\`\``
}

function table(head, rows) {
  const line = cells => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function cell(text = '') {
  return text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '\\<')
}
