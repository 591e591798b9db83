// Puts the native engines into a tool cache, by their pinned integrity: `node engines.mjs FOLDER`, after a build, in an image that runs where the runner will.
import {DUCKDB, findEngine, ONNX_NATIVE} from '../../build/shared/engines.js'

const [folder, ...names] = process.argv.slice(2)
if (folder === undefined) throw new Error('engines.mjs FOLDER: no folder given')
const wanted = [DUCKDB, ONNX_NATIVE].filter(({slug}) => names.length === 0 || names.includes(slug))
// Searched from a file that has no node_modules above it: what is installed for the build is no tool cache.
for (const engine of wanted)
  console.log(await findEngine(engine, {from: '/none/engines.js', env: {...process.env, RUNNER_TOOL_CACHE: folder}}))
