import {runStep} from '../../../actions/index.js'

// The action as a step of a job, in a process of its own, for which a minute is a tenth of a second long.
const MINUTE_MS = 60_000
const {setTimeout: plain} = globalThis
const hasty = (work: () => void, ms = 0) => plain(work, ms >= MINUTE_MS ? ms / 600 : ms)
globalThis.setTimeout = Object.assign(hasty, plain)
await runStep('train')
