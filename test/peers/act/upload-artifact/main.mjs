import {join} from 'node:path'
import {pathToFileURL} from 'node:url'

const {ARTIFACTS, TRAINYARD, HOME, INPUT_NAME, INPUT_PATH} = process.env
const {uploadArtifact} = await import(pathToFileURL(join(TRAINYARD, 'build/shared/cli/run/artifacts.js')).href)
const wish = {name: INPUT_NAME, path: INPUT_PATH, includeHidden: false, overwrite: false, cwd: process.cwd(), home: HOME}
const kept = await uploadArtifact({folder: ARTIFACTS}, wish)
console.log(
  kept.length > 0 ? `${INPUT_NAME}: ${kept.length} files` : `::warning::No files were found with the provided path: ${INPUT_PATH}`
)
