import {UserError} from '#shared/errors'

/** A transfer that broke off and left nothing: sent anew it may well arrive. */
export class Interrupted extends UserError {}
