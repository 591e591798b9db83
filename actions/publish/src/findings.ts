import type {Findings, Subject} from '#shared/evidence/evidence'
import type {Published} from '#shared/registry/publication'
import type {Judged} from './rules.js'

/** Nothing was published: one check for each requirement says why. */
export function refusedFindings(subject: Subject, {checks}: Judged): Findings {
  return {subjects: [subject], checks}
}

/** What was published, on which evidence. */
export function publishedFindings(
  subject: Subject,
  {checks}: Judged,
  documents: readonly {readonly action: string; readonly sha256: string; readonly bytes: Uint8Array}[],
  {version, digest, url, published, alias}: Published
): Findings {
  const there = published ? 'was published' : 'was published before with the same digest'
  const pointed = alias ? `; alias ${alias.alias} points at it (generation ${alias.generation})` : ''
  return {
    subjects: [subject],
    materials: documents.map(({action, sha256, bytes}) => ({kind: 'evidence', name: action, digest: {sha256}, size: bytes.length})),
    checks: [...checks, {id: 'published', verdict: 'pass', message: `${subject.name} ${version} ${there}: sha256 ${digest}${pointed}`}],
    facts: [
      {name: 'version', value: version},
      {name: 'digest', value: digest},
      {name: 'published', value: published},
      {name: 'url', value: url},
      ...(alias ? [{name: 'alias', value: alias.alias}] : [])
    ],
    outputs: {version, digest, url, published: String(published)}
  }
}
