import {runAction} from '#shared/action'
import {inputs as canary} from '../../../actions/deploy-canary/src/inputs.js'
import {inputs} from '../../../actions/report/src/inputs.js'
import report from '../../../actions/report/src/main.js'

// The action as a step of a job, in a process of its own.
const print = (line: string) => void process.stdout.write(`${line}\n`)
const host = {env: process.env, cwd: process.cwd(), now: () => new Date(), print}
process.exitCode = await runAction(report, {report: inputs, 'deploy-canary': canary}, host)
