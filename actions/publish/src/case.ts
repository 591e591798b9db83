import type {Evidence} from '#shared/evidence/evidence'

/** Evidence and where it lies: `folder` is the job's, null at the root. */
export interface EvidenceRecord {
  readonly evidence: Evidence
  readonly file: string
  readonly folder: string | null
}

/** The model at hand and all the evidence that was found. */
export interface Case {
  /** of the model's bytes at hand */
  readonly digest: string
  readonly require: readonly string[]
  readonly isolation: 'job' | 'none'
  readonly records: readonly EvidenceRecord[]
  /** what lies there and was refused when it was read */
  readonly refused: readonly {readonly file: string; readonly reason: string}[]
  /** the folder that was searched, as people know it */
  readonly root: string
  /** false on a terminal, where evidence has no job's folder */
  readonly onRunner: boolean
  /** the file of inputs at hand */
  readonly config?: {readonly name: string; readonly sha256: string}
}
