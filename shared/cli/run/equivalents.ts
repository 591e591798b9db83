import {mkdir, readdir} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {UserError} from '#shared/errors'
import type {LocalAction} from './action-source.js'
import {type ArtifactStore, downloadArtifacts, uploadArtifact} from './artifacts.js'
import type {JobPlaces} from './environment.js'
import type {Annotation} from './log-commands.js'
import {copyRepository, type Repository} from './repository.js'

export interface EquivalentCall {
  readonly inputs: Readonly<Record<string, string>>
  readonly places: JobPlaces
  readonly repository: Repository
  /** the folder of the whole run, which may lie in the repository */
  readonly runRoot: string
  readonly artifacts: ArtifactStore
  /** the run that has ended, whose artifacts may be asked for by its id */
  readonly finished?: {readonly runId: string; readonly artifacts: ArtifactStore}
  readonly log: (line: string) => void
  readonly annotate: (annotation: Annotation) => void
}

type Equivalent = (call: EquivalentCall) => Promise<Record<string, string>>

/** What GitHub's own actions do, on this machine: each takes inputs and returns outputs. */
export const EQUIVALENTS: Readonly<Record<Exclude<LocalAction['kind'], 'bundle'>, Equivalent>> = {
  checkout: async ({inputs, places, repository, runRoot, log}) => {
    if (inputs.repository && inputs.repository.toLowerCase() !== repository.name.toLowerCase()) {
      throw new UserError(`checkout: repository ${inputs.repository} is not on this machine`, {
        hint: 'only the repository of the workflow is copied here'
      })
    }
    if (inputs.ref) log(`ref ${inputs.ref}: the files as they lie here are taken`)
    const target = resolve(places.workspace, inputs.path ?? '')
    await mkdir(target, {recursive: true})
    const count = await copyRepository(repository, target, runRoot)
    log(`${count} files of ${repository.name}${repository.git ? '' : ' (no git: all but node_modules and trainyard-out)'}`)
    return {ref: repository.branch, commit: repository.sha}
  },

  'setup-node': async ({inputs, log}) => {
    log(`node ${process.version} of this machine${inputs['node-version'] ? ` (asked for ${inputs['node-version']})` : ''}`)
    return {'node-version': process.version, 'cache-hit': 'false'}
  },

  'upload-artifact': async ({inputs, places, artifacts, log, annotate}) => {
    if (!inputs.path) throw new UserError('upload-artifact: path is required', {kind: 'usage'})
    const name = inputs.name || 'artifact'
    const kept = await uploadArtifact(artifacts, {
      name,
      path: inputs.path,
      includeHidden: inputs['include-hidden-files'] === 'true',
      overwrite: inputs.overwrite === 'true',
      cwd: places.workspace,
      home: places.home
    })
    if (kept.length === 0) return nothingFound(inputs, annotate)
    log(`artifact ${name}: ${kept.length === 1 ? kept[0] : `${kept.length} files`}`)
    return {'artifact-id': String((await readdir(artifacts.folder)).length), 'artifact-url': join(artifacts.folder, name)}
  },

  'download-artifact': async ({inputs, places, artifacts: own, finished, log, annotate}) => {
    for (const key of ['artifact-ids', 'repository']) {
      if (inputs[key])
        throw new UserError(`download-artifact: ${key} is not done on this machine`, {hint: 'only artifacts of this run are there'})
    }
    const artifacts = inputs['run-id'] ? artifactsOf(inputs['run-id'], finished) : own
    if (inputs['merge-multiple'] === 'true') {
      throw new UserError('download-artifact: merge-multiple is refused', {
        hint: 'of two files of one name it keeps one: a hole that reads as green; leave it out'
      })
    }
    const path = resolve(places.workspace, (inputs.path ?? '').replace(/^~(?=\/|$)/, places.home))
    const names = await downloadArtifacts(artifacts, {name: inputs.name ?? '', pattern: inputs.pattern ?? '', path})
    if (names.length === 0) annotate({level: 'warning', message: `download-artifact: no artifact matches ${inputs.pattern || '*'}`})
    else log(`${names.join(', ')} to ${path}`)
    return {'download-path': path}
  }
}

function artifactsOf(runId: string, finished: EquivalentCall['finished']): ArtifactStore {
  if (finished?.runId === runId) return finished.artifacts
  throw new UserError(`download-artifact: run-id ${runId} is no run on this machine`, {
    hint: 'trainyard run <workflow.yml> --finished <the --work-dir of the run before>'
  })
}

function nothingFound(inputs: EquivalentCall['inputs'], annotate: EquivalentCall['annotate']): Record<string, string> {
  const message = `No files were found with the provided path: ${inputs.path}. No artifacts will be uploaded.`
  const wish = inputs['if-no-files-found'] || 'warn'
  if (wish === 'error') throw new UserError(message)
  if (wish === 'warn') annotate({level: 'warning', message})
  return {}
}
