import {runAction} from '#shared/action'
import {inputs} from '../../../actions/deploy-canary/src/inputs.js'
import deployCanary from '../../../actions/deploy-canary/src/main.js'

// The action as a step of a job, in a process of its own.
const print = (line: string) => void process.stdout.write(`${line}\n`)
const host = {env: process.env, cwd: process.cwd(), now: () => new Date(), print}
process.exit(await runAction(deployCanary, {'deploy-canary': inputs}, host))
