import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {openTable, type Table, type TableRequest} from '#shared/tables/table'

/** A temporary folder with the files given, and a way to open tables in it. */
export function folder(files: Readonly<Record<string, string | Uint8Array>>) {
  const cwd = mkdtempSync(join(tmpdir(), 'trainyard-tables-'))
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), {recursive: true})
    writeFileSync(join(cwd, name), bytes)
  }
  const open = (paths: string | readonly string[], more: Partial<TableRequest> = {}): Promise<Table> =>
    openTable({paths: typeof paths === 'string' ? [paths] : paths, cwd, limits: {tempDir: join(cwd, 'tmp')}, ...more})
  return {cwd, open}
}
