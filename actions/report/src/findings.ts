import type {Check, Findings, Material} from '#shared/evidence/evidence'
import {modelsOf, type Overview, overview, type ReportSource} from '#shared/report/overview'
import type {Requirement} from '#shared/report/requirements'

interface Written {
  /** the folder that was searched */
  readonly root: string
  /** paths of what was written */
  readonly files: {readonly markdown: string; readonly page: string}
  readonly materials: readonly Material[]
}

/** Red only when there is no evidence, or something that is required is missing: for a verdict the judges were red. */
export function findingsOf(source: ReportSource, {root, files, materials}: Written): Findings {
  const view = overview(source)
  const read = view.rows.filter(({evidence}) => evidence !== undefined).length
  const required = view.requirements.map(requirement => requirementCheck(requirement, root))
  return {
    subjects: modelsOf(source.evidence),
    materials,
    checks: [readCheck(read, root), ...required, ...unsaid(view, required)],
    facts: [{name: 'decision', value: view.decision}],
    files: {markdown: nameOf(files.markdown), page: nameOf(files.page)},
    outputs: files
  }
}

function readCheck(n: number, root: string): Check {
  if (n > 0) return {id: 'evidence', verdict: 'pass', message: `evidence of ${n} ${n === 1 ? 'action' : 'actions'} was read`, n}
  const message = `no evidence in ${root}: download the artifacts of the jobs before this one into folders of their own there`
  return {id: 'evidence', verdict: 'error', message}
}

/** Where nothing that is required is amiss and the report still says "not ready", this step must not say that all is well. */
function unsaid({ready, decision}: Overview, required: readonly Check[]): readonly Check[] {
  if (ready || required.some(({verdict}) => verdict !== 'pass')) return []
  return [{id: 'decision', verdict: 'warn', message: decision}]
}

function requirementCheck({action, state, problem}: Requirement, root: string): Check {
  const id = `require(${action})`
  if (state === 'met') return {id, verdict: 'pass', message: `${action} is there, green and enforced`}
  if (state === 'blocked') return {id, verdict: 'error', message: problem}
  if (state !== 'missing') return {id, verdict: 'warn', message: `not ready: ${problem}`}
  const hint = `run it in a job that this one needs, and download its artifact into a folder of its own in ${root}`
  return {id, verdict: 'error', message: `${problem}: ${hint}`}
}

function nameOf(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path
}
