import type {ChampionData} from '#shared/exam/champion-data'

export interface Change {
  readonly changed: boolean
  /** in words */
  readonly why: string
}

/** Whether the files at hand are others than the champion was made with, by their digests; without a champion to ask they count as changed. */
export function changeOf(files: readonly {readonly name: string; readonly sha256: string}[], champion: ChampionData): Change {
  if (champion.state.kind !== 'ready') return {changed: true, why: champion.state.message}
  if (champion.files.length === 0) return {changed: true, why: `${champion.title} tells of no data that it was made with`}
  const [now, then] = [files, champion.files].map(list => new Set(list.map(({sha256}) => sha256)))
  const fresh = files.filter(({sha256}) => !then.has(sha256))
  const gone = champion.files.filter(({sha256}) => !now.has(sha256))
  if (fresh.length === 0 && gone.length === 0) return {changed: false, why: `the data are those of ${champion.title}`}
  const [first] = [...fresh, ...gone]
  const rest = fresh.length + gone.length > 1 ? ` and ${fresh.length + gone.length - 1} more` : ''
  return {changed: true, why: `${champion.title} was made with other data: ${first.name}${rest}`}
}
