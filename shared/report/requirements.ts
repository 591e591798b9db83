import type {Evidence, Subject} from '#shared/evidence/evidence'

export interface Requirement {
  readonly action: string
  readonly state: 'met' | 'missing' | 'blocked' | 'red' | 'observed'
  /** why it is not met, subject first; empty when it is */
  readonly problem: string
}

/**
 * What each required action comes to. With models at hand its evidence must be about every one of them: by their digests, or, of
 * validate-data, by the data that they were trained on. Red evidence without a subject is of an action that ended before it knew one.
 */
export function requirements(require: readonly string[], evidence: readonly Evidence[]): readonly Requirement[] {
  const models = new Map(
    evidence.flatMap(({subjects}) => subjects.filter(({kind}) => kind === 'model')).map(model => [model.digest.sha256, model])
  )
  const red = require.filter(name => evidence.some(({action, outcome}) => action.name === name && outcome === 'red'))
  return [...new Set(require)].map(action => {
    const own = evidence.filter(one => one.action.name === action)
    if (own.length === 0 && red.length > 0) return {action, state: 'blocked', problem: `${action} did not run; ${red.join(', ')} is red`}
    if (own.length === 0) return {action, state: 'missing', problem: `${action} is missing`}
    const stranger = [...models.values()].find(model => !own.some(one => isAbout(one, model, evidence)))
    const unknown = own.some(({outcome, subjects}) => outcome === 'red' && subjects.length === 0)
    if (stranger !== undefined && !unknown) return {action, state: 'missing', problem: strangeness(action, stranger)}
    if (own.some(({outcome}) => outcome === 'red')) return {action, state: 'red', problem: `${action} is red`}
    if (own.some(({policy}) => policy.mode === 'observe')) return {action, state: 'observed', problem: `${action} was only observed`}
    return {action, state: 'met', problem: ''}
  })
}

function strangeness(action: string, {name, digest}: Subject): string {
  const model = `${name} ${digest.sha256.slice(0, 12)}`
  return action === 'validate-data'
    ? `validate-data is not about the data that ${model} was trained on`
    : `${action} is missing for ${model}`
}

function isAbout(one: Evidence, model: Subject, evidence: readonly Evidence[]): boolean {
  if (holds(one.subjects, model)) return true
  if (one.action.name !== 'validate-data') return false
  const trained = evidence.filter(({action, subjects}) => action.name === 'train' && holds(subjects, model))
  const data = trained.flatMap(({materials}) => materials.filter(({kind}) => kind === 'data'))
  const validated = evidence.filter(({action}) => action.name === 'validate-data').flatMap(({subjects}) => subjects)
  return data.length > 0 && data.every(file => validated.some(subject => subject.digest.sha256 === file.digest.sha256))
}

function holds(subjects: readonly Subject[], model: Subject): boolean {
  return subjects.some(({kind, digest}) => kind === 'model' && digest.sha256 === model.digest.sha256)
}
