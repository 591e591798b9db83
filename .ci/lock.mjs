// Completes package-lock.json with the optional packages of other platforms that the registry at hand did not serve: without them `npm ci` refuses the file.
import {readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'aix']
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'ppc64le', 'riscv64', 'riscv64gc', 's390x', 'loong64', 'mips64el', 'wasm32']

const file = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..', 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
const added = {}
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (`${path}/${key}` in lock.packages || key in lock.packages) continue
    added[key] = {version, ...platformOf(name, version), ...(entry.dev && {dev: true}), optional: true}
  }
}
const packages = Object.fromEntries(Object.entries({...lock.packages, ...added}).sort(([one], [other]) => (one < other ? -1 : 1)))
writeFileSync(file, `${JSON.stringify({...lock, packages}, undefined, 2)}\n`)
console.log(`${Object.keys(added).length} packages of other platforms added`)

/** Read from the name, as all of them follow it: `@scope/tool-linux-arm64-musl`. Packages that name no platform would be installed everywhere, so they are refused. */
function platformOf(name, version) {
  const words = name.split(/[-/]/)
  const os = SYSTEMS.filter(system => words.includes(system))
  const cpu = PROCESSORS.filter(processor => words.includes(processor))
  if (!/^\d/.test(version) || (os.length === 0 && !cpu.includes('wasm32')) || cpu.length !== 1) {
    throw new Error(`${name}@${version}: neither in the lock nor a package of one platform`)
  }
  const libc = words.includes('musl') ? ['musl'] : []
  return {cpu, ...(libc.length > 0 && {libc}), ...(os.length > 0 && {os})}
}
