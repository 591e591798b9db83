import {runAction} from '#shared/action'
import {inputs} from '../../../actions/report/src/inputs.js'
import report from '../../../actions/report/src/main.js'

// The action as a step of a job, in a process of its own.
const print = (line: string) => void process.stdout.write(`${line}\n`)
process.exitCode = await runAction(report, {report: inputs}, {env: process.env, cwd: process.cwd(), now: () => new Date(), print})
