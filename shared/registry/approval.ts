import type {Fields, Reader} from './record.js'

/** Who let a version go to an environment, as GitHub keeps it. */
export interface Approval {
  readonly environment: string
  /** login */
  readonly by: string
  /** what the approver wrote, perhaps nothing */
  readonly comment: string
}

/** The approvals of a stored document, where it has any. Throws UserError when they are torn. */
export function approvalsIn(fields: Fields, read: Reader): {readonly approvals?: readonly Approval[]} {
  if (fields.approvals === undefined) return {}
  const approvals = read.list(fields, 'approvals').map(one => ({
    environment: read.text(one, 'environment'),
    by: read.text(one, 'by'),
    comment: read.text(one, 'comment')
  }))
  return {approvals}
}
