import {join, resolve} from 'node:path'
import {pathToFileURL} from 'node:url'

const {ARTIFACTS, TRAINYARD, INPUT_NAME = '', INPUT_PATTERN = '', INPUT_PATH = ''} = process.env
const {downloadArtifacts} = await import(pathToFileURL(join(TRAINYARD, 'build/shared/cli/run/artifacts.js')).href)
const names = await downloadArtifacts({folder: ARTIFACTS}, {name: INPUT_NAME, pattern: INPUT_PATTERN, path: resolve(INPUT_PATH)})
console.log(names.join(', '))
