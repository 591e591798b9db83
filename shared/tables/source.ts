import {statSync} from 'node:fs'
import {isAbsolute, relative, resolve} from 'node:path'
import {setImmediate as immediate} from 'node:timers/promises'
import {codeOf, messageOf, UserError} from '#shared/errors'
import {encodingFault, type Survey, surveyCsv} from './csv-fault.js'
import {type CsvHead, lineBytesOf, readCsvHead, readHead} from './csv-head.js'
import {MAX_RECORD_BYTES} from './csv-records.js'
import type {Database} from './database.js'
import {type Format, requireFormat} from './format.js'
import {jsonlFault, refuseJsonl} from './jsonl-records.js'
import {refuseParquet} from './parquet-file.js'
import {identifier, list, literal} from './sql.js'

export interface SourceFile {
  /** absolute */
  readonly path: string
  /** relative to the working directory where it lies below it */
  readonly name: string
  readonly format: Format
  readonly size: number
  readonly modifiedNs: bigint
}

/** Where the rows come from, before kinds are known. */
export interface Source {
  readonly files: readonly SourceFile[]
  readonly format: Format
  readonly names: readonly string[]
  /** our own walk over each file, where there is one, which goes on meanwhile: nothing that DuckDB read counts before it has ended well */
  readonly surveys?: Promise<readonly Survey[]>
  /** rows as the sizes of the files and their first lines have it: the same for the same bytes */
  readonly rowsAbout: number
  /** whether the cells of a column are here; absent: all are */
  has?(column: string): boolean
  /** a relation of all rows, its columns read as `types` say */
  relation(types: ReadonlyMap<string, string>): string
  /** of a CSV file */
  delimiterOf(file: SourceFile): string
  /** the error behind a query that failed, in the user's words */
  explain(error: unknown): UserError | undefined
  /** ends what still goes on */
  close?(): void
}

const JSONL = `format = 'newline_delimited', maximum_object_size = ${MAX_RECORD_BYTES}`

/** The files behind paths, of one format, by these names where there are any. Throws UserError when one is missing, no file, or of another format. */
export function readFiles(paths: readonly string[], cwd: string, names: ReadonlyMap<string, string> = new Map()): readonly SourceFile[] {
  const files = paths.map(path => readFile(names.get(path) ?? shown(resolve(cwd, path), cwd), resolve(cwd, path)))
  if (files.length === 0) throw new UserError('The data: no file was given', {hint: 'Name a file or a glob.', kind: 'usage'})
  const other = files.find(file => file.format !== files[0].format)
  if (other)
    throw new UserError(`${other.name}: is ${other.format}, but ${files[0].name} is ${files[0].format}; several files are one table`, {
      hint: 'Give files of one format.',
      kind: 'usage'
    })
  return files
}

function shown(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
}

function readFile(name: string, path: string): SourceFile {
  try {
    const found = statSync(path, {bigint: true})
    if (found.isDirectory())
      throw new UserError(`${name}: is a folder`, {hint: `Name its files: ${name.replace(/\/$/, '')}/*.csv`, kind: 'usage'})
    if (!found.isFile()) throw new UserError(`${name}: expected a file`, {hint: 'Name a regular file.', kind: 'usage'})
    return {path, name, format: requireFormat(name), size: Number(found.size), modifiedNs: found.mtimeNs}
  } catch (error) {
    if (error instanceof UserError) throw error
    const missing = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
    throw new UserError(missing ? `${name}: there is no such file` : `${name}: cannot be read: ${messageOf(error)}`, {
      hint: missing ? `Looked for ${path}.` : 'Check its permissions.',
      kind: 'usage'
    })
  }
}

export async function openSource(files: readonly SourceFile[], database: Database): Promise<Source> {
  const open = {csv: csvSource, parquet: parquetSource, jsonl: jsonlSource}[files[0].format]
  return open(files, database)
}

async function csvSource(files: readonly SourceFile[], database: Database): Promise<Source> {
  const heads = files.map(file => ({file, ...readCsvHead(file.path, file.name)}))
  for (const head of heads.slice(1)) refuseOtherColumns(heads[0], head)
  const closed = new AbortController()
  const surveys = surveyAll(heads, closed.signal)
  surveys.catch(() => database.interrupt())
  const names = heads[0].names
  const alike = heads.every(head => head.delimiter === heads[0].delimiter && head.names.every((name, index) => name === names[index]))
  const read = (
    paths: readonly string[],
    {delimiter, names: columns}: {delimiter: string; names: readonly string[]},
    types: ReadonlyMap<string, string>
  ) => {
    const typed = columns.map(name => `${literal(name)}: ${literal(types.get(name) ?? 'VARCHAR')}`).join(', ')
    const options = `auto_detect = false, header = true, delim = ${literal(delimiter)}, quote = '"', escape = '"', strict_mode = true, null_padding = false`
    return `read_csv(${list(paths.map(literal))}, ${options}, max_line_size = ${MAX_RECORD_BYTES}, buffer_size = ${2 * MAX_RECORD_BYTES}, columns = {${typed}})`
  }
  const select = names.map(identifier).join(', ')
  return {
    files,
    format: 'csv',
    names,
    surveys,
    rowsAbout: Math.round(heads.reduce((sum, {file, lineBytes}) => sum + file.size / lineBytes, 0)),
    relation: types =>
      alike
        ? read(
            files.map(file => file.path),
            heads[0],
            types
          )
        : `(${heads.map(head => `SELECT ${select} FROM ${read([head.file.path], head, types)}`).join(' UNION ALL ')})`,
    delimiterOf: file => heads.find(head => head.file === file)?.delimiter ?? ',',
    explain: error => {
      const fault = files.map(file => encodingFault(file)).find(found => found !== undefined)
      return fault ?? unreadable(files, error)
    },
    close: () => closed.abort()
  }
}

async function surveyAll(heads: readonly ({file: SourceFile} & CsvHead)[], signal: AbortSignal): Promise<readonly Survey[]> {
  const surveys: Survey[] = []
  for (const {file, delimiter, names} of heads) {
    await immediate()
    signal.throwIfAborted()
    surveys.push(await surveyCsv({...file, delimiter, columns: names.length}, signal))
  }
  return surveys
}

async function parquetSource(files: readonly SourceFile[], database: Database): Promise<Source> {
  for (const file of files) refuseParquet(file.path, file.name)
  const schemas = []
  for (const file of files) {
    const described = await describe(database, file, `read_parquet(${literal(file.path)})`)
    schemas.push({file, names: described.map(column => column.name)})
  }
  for (const schema of schemas.slice(1)) refuseOtherColumns(schemas[0], schema)
  const paths = list(files.map(file => literal(file.path)))
  const [counted] = await database.rows(`SELECT count(*) AS n FROM read_parquet(${paths}, union_by_name = true)`).catch(error => {
    throw unreadable(files, error) ?? error
  })
  return {
    files,
    format: 'parquet',
    names: schemas[0].names,
    rowsAbout: Number(counted.n),
    relation: () => `read_parquet(${paths}, union_by_name = true)`,
    delimiterOf: () => ',',
    explain: error => unreadable(files, error)
  }
}

async function jsonlSource(files: readonly SourceFile[], database: Database): Promise<Source> {
  const types = new Map<string, string>()
  const schemas = []
  for (const file of files) {
    if (file.size === 0)
      throw new UserError(`${file.name}: the file is empty`, {hint: 'Expected a JSON object a line.', at: {file: file.name}})
    refuseJsonl(file)
    const sniffed = `read_json(${literal(file.path)}, ${JSONL}, sample_size = -1, map_inference_threshold = -1, field_appearance_threshold = 0)`
    const described = await describe(database, file, sniffed).catch(async error => {
      throw (await jsonlFault(file)) ?? error
    })
    for (const {name, type} of described) types.set(name, mergeTypes(types.get(name), jsonType(type)))
    schemas.push({file, names: described.map(column => column.name)})
  }
  for (const schema of schemas.slice(1)) refuseOtherColumns(schemas[0], schema)
  const columns = schemas[0].names.map(name => `${literal(name)}: ${literal(types.get(name) ?? 'VARCHAR')}`).join(', ')
  return {
    files,
    format: 'jsonl',
    names: schemas[0].names,
    rowsAbout: Math.round(files.reduce((sum, file) => sum + file.size / lineBytesOf(readHead(file.path)), 0)),
    relation: () => `read_json(${list(files.map(file => literal(file.path)))}, ${JSONL}, auto_detect = false, columns = {${columns}})`,
    delimiterOf: () => ',',
    explain: error => unreadable(files, error)
  }
}

/** Strings stay as they were written, though they look like dates; what is nested is JSON text. */
function jsonType(type: string): string {
  if (/^(BIGINT|DOUBLE|BOOLEAN)$/.test(type)) return type
  return /^(U?HUGEINT|UBIGINT)$/.test(type) ? 'DOUBLE' : 'VARCHAR'
}

function mergeTypes(first: string | undefined, other: string): string {
  if (first === undefined || first === other) return other
  return [first, other].every(type => type === 'BIGINT' || type === 'DOUBLE') ? 'DOUBLE' : 'VARCHAR'
}

async function describe(database: Database, file: SourceFile, relation: string): Promise<readonly {name: string; type: string}[]> {
  try {
    const rows = await database.rows(`DESCRIBE SELECT * FROM ${relation}`)
    return rows.map(row => ({name: String(row.column_name), type: String(row.column_type)}))
  } catch (error) {
    throw unreadable([file], error)
  }
}

function refuseOtherColumns(
  first: {file: SourceFile; names: readonly string[]},
  other: {file: SourceFile; names: readonly string[]}
): void {
  const missing = first.names.find(name => !other.names.includes(name))
  const extra = other.names.find(name => !first.names.includes(name))
  const problem =
    missing !== undefined
      ? `lacks the column ${missing} of ${first.file.name}`
      : extra !== undefined
        ? `has the column ${extra}, which ${first.file.name} lacks`
        : undefined
  if (problem)
    throw new UserError(`${other.file.name}: ${problem}`, {
      hint: 'Several files are one table: give them the same columns.',
      at: {file: other.file.name, line: 1}
    })
}

/** DuckDB's own words, its first line and without paths' noise, as an error of the file that it names. */
function unreadable(files: readonly SourceFile[], error: unknown): UserError | undefined {
  if (error instanceof UserError) return error
  const text = messageOf(error)
  const file = files.find(candidate => text.includes(candidate.path)) ?? files[0]
  if (/INTERNAL Error|Assertion/i.test(text) && files[0].format === 'csv') return undefined
  const line = text
    .split('\n')[0]
    .replaceAll(file.path, file.name)
    .replace(/^(Invalid Input|IO|Invalid|Conversion|Binder) Error: /, '')
  return new UserError(`${file.name}: cannot be read: ${line}`, {
    hint: 'The file is damaged or of another format; write it anew.',
    at: {file: file.name},
    cause: error
  })
}
