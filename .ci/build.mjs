// Compiles with tsc to build/, bundles with ncc to dist/: shared chunks, a stub of two lines an action, the ONNX WASM file beside them.
import {spawnSync} from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import {createRequire} from 'node:module'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const SOURCES = ['actions', 'shared', 'runner-images', 'package.json', 'package-lock.json', 'tsconfig.json', '.ci/build.mjs']
const NATIVE = ['@duckdb/node-api', 'onnxruntime-node']
/** Of the one package that is copied and not bundled, and that carries no file of its own with its licence. */
const MIT = `Copyright (c) COPYRIGHT

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY,
WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

if (process.argv.includes('--if-needed') && isFresh()) process.exit(0)
const started = Date.now()
run(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.json'])
rmSync(join(root, 'build/dist'), {recursive: true, force: true})
bundle()
await minifyChunks()
finish()
console.log(`built dist in ${((Date.now() - started) / 1000).toFixed(0)} s`)

function run(command, args) {
  const {status} = spawnSync(command, args, {cwd: root, stdio: ['ignore', 'inherit', 'inherit']})
  if (status !== 0) process.exit(status ?? 1)
}

function bundle() {
  const externals = NATIVE.flatMap(name => ['-e', name])
  run(process.execPath, [
    require.resolve('@vercel/ncc/dist/ncc/cli.js'),
    'build',
    'build/actions/index.js',
    '-o',
    'build/dist',
    '--minify',
    '--no-cache',
    '--quiet',
    '--target',
    'es2022',
    '--license',
    'licenses.txt',
    ...externals
  ])
}

/** ncc minifies the entry alone, and nearly all of the code lies in chunks. Names stay, for stacks and for libraries that look at them. */
async function minifyChunks() {
  const {minifySync} = await import('rolldown/utils')
  const out = join(root, 'build/dist')
  for (const name of readdirSync(out).filter(file => file.endsWith('.js'))) {
    const {code, errors} = minifySync(name, readFileSync(join(out, name), 'utf8'), {
      module: true,
      compress: false,
      mangle: {keepNames: true}
    })
    if (errors.length > 0) throw new Error(`${name}: ${errors[0].message}`)
    writeFileSync(join(out, name), code)
  }
}

/** Stubs, the ONNX runtime's files as they are (ncc would write the WASM through UTF-8), the schema of trainyard.yml; then dist is replaced in one step. */
function finish() {
  const out = join(root, 'build/dist')
  for (const name of readdirSync(out).filter(file => file.endsWith('.wasm'))) rmSync(join(out, name))
  const wasm = require.resolve('onnxruntime-web/wasm')
  for (const file of ['ort-wasm-simd-threaded.wasm', 'ort.wasm.bundle.min.mjs']) copyFileSync(join(dirname(wasm), file), join(out, file))
  appendFileSync(
    join(out, 'licenses.txt'),
    `\nonnxruntime-web, onnxruntime-common\nMIT\n${MIT.replace('COPYRIGHT', 'Microsoft Corporation')}`
  )
  writeFileSync(join(out, 'package.json'), '{"type":"module"}\n')
  for (const action of readdirSync(join(root, 'actions')).filter(name => existsSync(join(root, 'actions', name, 'action.yml')))) {
    writeFileSync(join(out, `${action}.js`), `import {runStep} from './index.js'\nawait runStep('${action}')\n`)
  }
  writeFileSync(
    join(out, 'trainyard.js'),
    `#!/usr/bin/env node\nimport {runCommandLine} from './index.js'\nawait runCommandLine(process.argv.slice(2))\n`,
    {mode: 0o755}
  )
  writeFileSync(join(out, 'model-server.js'), `import {runModelServer} from './index.js'\nawait runModelServer(process.argv.slice(2))\n`)
  run(process.execPath, [join(out, 'trainyard.js'), 'schema', '--output', join(out, 'trainyard.schema.json')])
  rmSync(join(root, 'dist'), {recursive: true, force: true})
  mkdirSync(join(root, 'dist'), {recursive: true})
  rmSync(join(root, 'dist'), {recursive: true})
  renameSync(out, join(root, 'dist'))
}

function isFresh() {
  const built = join(root, 'dist/trainyard.schema.json')
  return existsSync(built) && SOURCES.every(path => newest(join(root, path)) <= statSync(built).mtimeMs)
}

function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(0, ...readdirSync(path).map(name => newest(join(path, name))))
}
