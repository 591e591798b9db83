import {spawn} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync} from 'node:fs'
import {createServer} from 'node:net'
import {homedir, tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {paired} from '../paired.mjs'
import {node, succeed} from '../process.mjs'
import {row} from '../table.mjs'

const BYTES = 2e9
const MEMORY_MIB = 300
const BUCKET = 'bench'
const KEYS = {AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench-secret', AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1'}

/** 2 GB to versitygw on loopback, hashed on the way, beside boto3's upload_file to the same server in the same run. */
export async function upload({folder, python, rounds}) {
  const program = findServer()
  if (program === undefined) {
    console.error('upload: left out, versitygw is neither on PATH nor in the cache of .ci/run')
    return []
  }
  const scratch = mkdtempSync(join(roomy(), 'trainyard-bench-'))
  const file = join(folder, 'upload.bin')
  const server = await serve(program, scratch)
  try {
    const sha256 = makeFile(file)
    const env = {...KEYS, AWS_ENDPOINT_URL_S3: server.url}
    const measured = async command => {
      const {out, cpuS, peakMiB} = await succeed(command, {cwd: folder, env, usage: join(folder, 'usage.json')})
      return {cpuS, peakMiB, ...JSON.parse(out)}
    }
    let sent = 0
    const script = join(import.meta.dirname, '../ours/upload.mjs')
    const ours = () => measured(node(script, file, sha256, String(BYTES), `s3://${BUCKET}/run-${++sent}`))
    const theirs = python && (() => measured([python, join(import.meta.dirname, '../peers/upload.py'), file, BUCKET, 'theirs']))
    const {ours: own, peer} = await paired(rounds, ours, theirs)
    if (!own.vouched) throw new Error('upload: the server does not vouch for what arrived')
    const work = '2 GB to S3 (versitygw on loopback), hashed on the way'
    return [
      row({work, ours: own.seconds, peer: peer?.seconds, peerName: peer?.peer, target: 1, oursCpuS: own.cpuS, peerCpuS: peer?.cpuS}),
      row({work: `${work}: peak memory`, unit: 'MiB', ours: own.peakMiB, peer: MEMORY_MIB, peerName: 'limit', target: 1})
    ]
  } finally {
    await server.stop()
    rmSync(scratch, {recursive: true, force: true})
    rmSync(file, {force: true})
  }
}

function findServer() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trainyard-ci')
  const built = existsSync(cache) ? readdirSync(cache).filter(name => name.startsWith('versitygw-')) : []
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...built.map(name => join(cache, name))]
  return folders.map(place => join(place, 'versitygw')).find(existsSync)
}

/** Memory where there is enough, so that the disk is not what is measured. */
function roomy() {
  const shared = '/dev/shm'
  const {bavail, bsize} = existsSync(shared) ? statfsSync(shared) : {bavail: 0, bsize: 0}
  return bavail * bsize > 4 * BYTES ? shared : tmpdir()
}

function makeFile(file) {
  const hash = createHash('sha256')
  const descriptor = openSync(file, 'w')
  for (let left = BYTES; left > 0; ) {
    const bytes = randomBytes(Math.min(left, 1 << 24))
    hash.update(bytes)
    left -= writeSync(descriptor, bytes)
  }
  closeSync(descriptor)
  return hash.digest('hex')
}

async function serve(program, folder) {
  const port = await freePort()
  const data = join(folder, 'data')
  // A bucket of this server is a folder.
  mkdirSync(join(data, BUCKET), {recursive: true})
  const child = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', data], {
    env: {PATH: process.env.PATH, HOME: folder, ROOT_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY},
    stdio: 'ignore'
  })
  const ended = new Promise(resolve => child.on('close', resolve))
  const url = `http://127.0.0.1:${port}`
  for (let tried = 0; ; tried++) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer) break
    if (tried === 100) throw new Error(`upload: ${program} does not answer`)
    await pause(100)
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return {url, stop}
}

async function freePort() {
  const server = createServer()
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}
