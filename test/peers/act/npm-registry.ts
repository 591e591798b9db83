import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {DUCKDB, platformOf} from '../../../shared/engines.js'

export interface NpmRegistry {
  readonly url: string
  /** `name@version` of what it can serve, and of what it has served, in order */
  readonly packages: readonly string[]
  readonly served: readonly string[]
  close(): void
}

const archives = new Map<string, Buffer>()

/** A registry on loopback with the packages of DuckDB, which npm fetched from the real one (or its cache); `lie` serves other bytes under their names. */
export async function openNpmRegistry({lie = false} = {}): Promise<NpmRegistry> {
  const items = DUCKDB.packages[platformOf()].map(({name, version}) => ({name, version, bytes: archiveOf(name, version)}))
  const served: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    const item = items.find(({name}) => path === `/${name}` || path === `/${name}/-/it.tgz`)
    if (item === undefined) return void response.writeHead(404).end('{}')
    const bytes = lie ? Buffer.concat([item.bytes, Buffer.from([0])]) : item.bytes
    if (path.endsWith('.tgz')) {
      served.push(`${item.name}@${item.version}`)
      return void response.end(bytes)
    }
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
    const one = {name: item.name, version: item.version, dist: {tarball: `${url}/${item.name}/-/it.tgz`, integrity}}
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({name: item.name, 'dist-tags': {latest: item.version}, versions: {[item.version]: one}}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    packages: items.map(({name, version}) => `${name}@${version}`),
    served,
    close: () => void server.close().closeAllConnections()
  }
}

function archiveOf(name: string, version: string): Buffer {
  const spec = `${name}@${version}`
  const known = archives.get(spec)
  if (known !== undefined) return known
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  try {
    const argv = ['pack', spec, '--silent', '--ignore-scripts', '--prefer-offline', '--pack-destination', folder]
    const file =
      execFileSync('npm', argv, {cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']})
        .trim()
        .split('\n')
        .at(-1) ?? ''
    const bytes = readFileSync(join(folder, file))
    archives.set(spec, bytes)
    return bytes
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}
