import {fakeGitHub} from './fake.js'

/*
 * The fake in a process of its own, `node program.js [port] [token]`: says its address in a line of JSON, ends with its standard input.
 * `GET /_/seen` tells what was asked and what did not fit.
 */
const [port = '0', token] = process.argv.slice(2)
const fake = await fakeGitHub({port: Number(port)})
fake.token = token
process.stdout.write(`${JSON.stringify({url: fake.url, checked: fake.checked})}\n`)
process.stdin.resume().on('end', () => process.exit(0))
