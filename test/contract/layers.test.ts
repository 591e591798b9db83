import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it, test} from 'vitest'

interface Import {
  readonly from: string
  readonly typeOnly: boolean
}

const WORLD = /^(?:@actions\/(?!expressions|workflow-parser)|@octokit\/)/

/** Who may import what; the first row that matches a file holds for it. Type-only imports within the suite are free everywhere but at the bottom. */
const ALLOWED: readonly (readonly [files: RegExp, imports: RegExp])[] = [
  [/^actions\/index\.ts$/, /^(?:\.\/|#shared\/|\.\.\/runner-images\/model-server\/)/],
  [/^actions\/[^/]+\/src\/main\.ts$/, /^(?:\.\/|#shared\/|node:)/],
  [/^actions\/[^/]+\/src\//, /^(?:\.\/|#shared\/(?:evidence|gates|stats|metrics|contracts|report|inputs|errors)(?:\/|$))/],
  [/^shared\/stats\//, /^(?:\.\/|#shared\/stats\/)/],
  [/^shared\/(?:errors|version)\.ts$/, /^$/],
  [/^shared\/event\.ts$/, /^#shared\/errors$/],
  [/^shared\/evidence\//, /^(?:\.\/|#shared\/(?:errors|files|evidence)|node:|ajv$)/],
  [/^shared\/files\.ts$/, /^(?:\.\/errors|#shared\/errors|node:)/],
  [/^shared\/cache\.ts$/, /^(?:#shared\/errors|@actions\/cache|node:)/],
  [/^shared\/(?:process|engines)(?:\.ts|\/)/, /^(?:\.\/|\.\.\/|#shared\/(?:errors|process|files)|node:)/],
  [/^shared\/(?:gates|metrics)\//, /^(?:\.\/|#shared\/(?:evidence|stats|gates|metrics|errors)|fastest-levenshtein$|yaml$)/],
  [/^shared\/inputs(?:\.ts|\/)/, /^(?:\.\/|#shared\/(?:gates|errors|files|inputs)|yaml$|node:(?:path|crypto|fs\/promises)$)/],
  [/^shared\/training\//, /^(?:\.\/|#shared\/(?:evidence|errors|files|process|training)|node:)/],
  [/^shared\/contracts\//, /^(?:\.\/|#shared\/(?:evidence|gates\/validity|errors|contracts)|yaml$|fastest-levenshtein$)/],
  [/^shared\/report\//, /^(?:\.\/|\.\.\/|#shared\/(?:evidence|stats|metrics|gates|errors|report)|@observablehq\/plot$|linkedom$)/],
  [/^shared\/s3\//, /^(?:\.\/|#shared\/(?:errors|s3)|@aws-sdk\/|node:)/],
  [/^shared\/github\//, /^(?:\.\/|#shared\/(?:evidence|errors|event|github)|@actions\/github$|@octokit\/|node:)/],
  // The registry in a repository asks through the only folder that knows octokit.
  [/^shared\/registry\/github[^/]*\.ts$/, /^(?:\.\/|#shared\/(?:errors|github)|node:)/],
  [
    /^shared\/(?:tables|models|registry|traffic|telemetry)\//,
    /^(?:\.\/|\.\.\/(?:errors|files|engines)|#shared\/(?:evidence|stats|metrics|errors|files|engines|tables|models|registry|traffic|telemetry|s3)|node:|onnxruntime-|pbf$|prom-client$)/
  ],
  [
    /^shared\/exam\//,
    /^(?:\.\/|#shared\/(?:tables|models|registry|metrics|evidence|inputs|files|errors|gates|exam)|fastest-levenshtein$|node:path$)/
  ],
  [/^shared\/loosening\.ts$/, /^#shared\/(?:evidence|inputs|errors|event|files|github|gates)(?:\/|$)|^node:/],
  [/^shared\/world\.ts$/, /^(?:#shared\/(?:evidence|event)|node:)/],
  [
    /^shared\/action\.ts$/,
    /^(?:#shared\/(?:evidence|inputs|errors|report|event|files|world|version|loosening|process\/inert)|@actions\/core$|node:)/
  ],
  [/^shared\/cli\//, /./],
  [/^runner-images\//, /^(?:\.\.?\/|#shared\/(?:models|traffic|telemetry|files|errors|evidence|engines)|node:|prom-client$)/]
]

const sources = ['actions', 'shared', 'runner-images'].flatMap(folder =>
  readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
)

function importsOf(file: string): Import[] {
  const source = readFileSync(file, 'utf8')
  const statics = [...source.matchAll(/^(import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)].map(([, , type, from]) => ({
    from,
    typeOnly: type !== undefined
  }))
  const dynamics = [...source.matchAll(/(typeof\s+)?\bimport\('([^']+)'\)/g)].map(([, type, from]) => ({
    from,
    typeOnly: type !== undefined
  }))
  return [...statics, ...dynamics]
}

describe('the layers', () => {
  it('are looked at in every source', () => expect(sources.length).toBeGreaterThan(100))

  test.each(sources)('%s imports only what its layer may', file => {
    const row = ALLOWED.find(([files]) => files.test(file))
    expect(row, 'a file of no layer: add a row, or move it').toBeDefined()
    const strange = importsOf(file).filter(
      ({from, typeOnly}) => !(typeOnly && /^(?:#shared\/|@|\.)/.test(from) && !file.startsWith('shared/stats/')) && !row?.[1].test(from)
    )
    expect(strange.map(({from}) => from)).toEqual([])
  })

  it('know GitHub and S3 in one place each', () => {
    const who = (pattern: RegExp) => sources.filter(file => importsOf(file).some(({from}) => pattern.test(from)))
    expect(who(/^@actions\/core$/)).toEqual(['shared/action.ts'])
    expect(who(/^@actions\/cache$/)).toEqual(['shared/cache.ts'])
    expect(
      who(WORLD).filter(file => !['shared/action.ts', 'shared/cache.ts'].includes(file) && !file.startsWith('shared/github/'))
    ).toEqual([])
  })

  it('have nobody import the command line but the table of actions', () => {
    const users = sources.filter(
      file => !file.startsWith('shared/cli/') && importsOf(file).some(({from}) => from.startsWith('#shared/cli/'))
    )
    expect(users).toEqual(['actions/index.ts'])
  })

  it('never let one action import another', () => {
    const strange = sources.filter(
      file => /^actions\/[^/]+\//.test(file) && importsOf(file).some(({from}) => /(?:^|\/)\.\.\/\.\.\//.test(from))
    )
    expect(strange).toEqual([])
  })
})
