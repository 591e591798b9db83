import {runAction} from '#shared/action'
import {inputs} from '../../../actions/train/src/inputs.js'
import train from '../../../actions/train/src/main.js'

// The action as a step of a job, in a process of its own.
const print = (line: string) => void process.stdout.write(`${line}\n`)
process.exitCode = await runAction(train, {train: inputs}, {env: process.env, cwd: process.cwd(), now: () => new Date(), print})
