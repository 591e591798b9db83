import {UserError} from '#shared/errors'

/** The store files something else under this version, whatever its manifests said a moment ago. */
export class VersionTaken extends UserError {}
