import {basename} from 'node:path'
import {UserError} from '#shared/errors'
import type {Fact, Material, Subject} from '#shared/evidence/evidence'
import type {Condition} from '#shared/gates/gate'
import {shownPath} from '#shared/inputs'
import {type Model, openModel} from '#shared/models/model'
import type {Column} from '#shared/tables/column'
import {namedFacts} from '#shared/tables/demand'
import type {Fetched} from '#shared/tables/fetch'
import {type RemoteWorld, shownAddress} from '#shared/tables/remote'
import {openTable, type Table, type TableRequest} from '#shared/tables/table'
import {type Answers, classesOf, invalidity, parseAnswers} from './answers.js'
import {joinRows} from './join.js'
import {type Labels, parseLabels, renderPredictions} from './labels.js'
import {rowsFinder, type Sliceable, valuesOf} from './slices.js'

export type {Answers} from './answers.js'

/** Who sits the exam: a model, or predictions that something else made. */
export type Sitter =
  | {readonly kind: 'model'; readonly path: string; readonly name?: string}
  | {readonly kind: 'predictions'; readonly path: string; readonly name?: string}

export interface ExamRequest {
  /** absent: the candidate's predictions file holds label and slice columns itself */
  readonly data?: readonly string[]
  readonly label: string
  readonly candidate: Sitter
  readonly champion?: Sitter
  readonly base?: Sitter
  readonly key?: string
  readonly positive?: string
  readonly threshold: number
  /** sensitive columns, which a model never takes by position */
  readonly sensitive?: readonly string[]
  /** columns that slices or groups are cut by; those that the table lacks are left to who asks for them */
  readonly columns?: readonly string[]
  readonly cwd: string
  readonly tempDir: string
  /** for data and predictions at an address; absent: they are refused */
  readonly remote?: RemoteWorld
  /** folder that `writePredictions` writes to */
  readonly outDir?: string
}

export interface Exam extends Sliceable {
  readonly n: number
  readonly labels: Uint8Array
  readonly positive: string
  /** the values of the label that occur */
  readonly classes: readonly string[]
  /** all columns of the exam, which slices may name */
  readonly names: readonly string[]
  readonly columns: readonly Column[]
  readonly data: readonly Material[]
  /** whose digests are the word of their store */
  readonly named: readonly Fact[]
  readonly candidate: Answers
  /** absent too when its scores are no probabilities, as `championFault` says */
  readonly champion?: Answers
  readonly championFault?: string
  readonly base?: Answers
  readonly baseFault?: string
  values(column: string): {value: string; n: number}[]
  rows(slice: readonly Condition[]): Uint32Array | undefined
  /** Writes the exam with the candidate's score and prediction as Parquet to `outDir`. Throws UserError when the exam has such a column of its own. */
  writePredictions(begun?: () => void): ReturnType<Table['writePredictions']>
  close(): void
}

/**
 * Opens the exam and lets candidate, champion and base sit it, on the same rows. One pass over the data reads label, key, what the models take and
 * what slices name. Throws UserError on labels, predictions or keys that don't fit, and on scores of the candidate that are no probabilities.
 */
export async function openExam(request: ExamRequest): Promise<Exam> {
  const {candidate, data} = request
  if (data === undefined && candidate.kind === 'model')
    throw new UserError('data: required and not given', {kind: 'usage', hint: 'A model needs the exam: give `data`.'})
  const table = await open(data ?? [candidate.path], request, {predictions: request.outDir, byColumns: data !== undefined})
  const models: Model[] = []
  try {
    const first = await prepare(candidate, table, request, models)
    const prepared = (sitter?: Sitter) => attempt(async () => sitter && (await prepare(sitter, table, request, models)))
    const second = await prepared(request.champion)
    const same = request.base !== undefined && request.base.path === request.champion?.path
    const third = same ? second : await prepared(request.base)
    const [fetched, ready] = await fetchOnce(table, request, [first, doneOf(second), doneOf(third)])
    const own = await first.answer(fetched, ready)
    const answered = async (rival: Attempt<Prepared | undefined>) =>
      'fault' in rival ? rival : await attempt(async () => await rival.value?.answer(fetched, ready))
    const champion = rivalOf(await answered(second))
    const base = same ? champion : rivalOf(await answered(third))
    const files = await table.digests()
    refuseInvalid(own)
    return {
      n: fetched.rows,
      ...ready,
      names: table.names,
      columns: fetched.columns,
      data: files.map(({name, sha256, size}) => ({
        kind: data === undefined ? 'predictions' : 'data',
        name: data === undefined ? basename(name) : name,
        digest: {sha256},
        size
      })),
      named: namedFacts([...files, own, ...[champion.answers, base.answers].flatMap(answers => answers ?? [])]),
      candidate: own,
      champion: champion.answers,
      championFault: champion.fault,
      base: base.answers,
      baseFault: base.fault,
      categorical: name => fetched.categorical(name),
      numeric: name => fetched.numeric(name),
      values: column => valuesOf(fetched.categorical(column)),
      rows: rowsFinder(fetched, fetched.rows),
      writePredictions: begun => table.writePredictions(addedColumns(own, ready, table.names, request), begun),
      close: () => table.close()
    }
  } catch (error) {
    table.close()
    throw error
  } finally {
    await Promise.all(models.map(model => model.close()))
  }
}

function open(
  paths: readonly string[],
  {cwd, tempDir, remote}: ExamRequest,
  how: Pick<TableRequest, 'predictions' | 'byColumns'>
): Promise<Table> {
  return openTable({paths, cwd, limits: {tempDir}, remote, ...how})
}

interface Prepared {
  /** columns of the exam that it reads */
  readonly columns: readonly string[]
  answer(fetched: Fetched, labels: Labels & {classes: readonly string[]}): Promise<Answers>
}

async function prepare(sitter: Sitter, table: Table, request: ExamRequest, models: Model[]): Promise<Prepared> {
  const name = sitter.name ?? basename(shownAddress(sitter.path))
  if (sitter.kind === 'predictions')
    return {
      columns: request.key === undefined ? [] : [request.key],
      answer: (fetched, labels) => readAnswers(sitter, name, fetched, labels, table, request)
    }
  const model = await openModel(sitter.path)
  models.push(model)
  const without = [
    request.label,
    ...(request.key === undefined ? [] : [request.key]),
    ...(request.sensitive ?? []),
    ...(request.data === undefined ? ['score', 'prediction'] : [])
  ]
  const all = {names: table.names, numeric: () => undefined, text: () => []}
  const columns = model.columnsOf(all, without)
  if (columns.includes(request.label)) {
    throw new UserError(`${name}: reads ${request.label}, the label of the exam`, {
      hint: 'Train it without the truth that it is to predict.'
    })
  }
  return {
    columns,
    answer: async fetched => {
      const {values, invalid} = await model.score({...fetched, names: table.names}, fetched.rows, without)
      const predictions = classesOf(values, request.threshold)
      return {name, kind: 'model', digest: {sha256: model.digest.sha256}, size: model.digest.size, scores: values, predictions, invalid}
    }
  }
}

async function fetchOnce(
  table: Table,
  request: ExamRequest,
  sitters: readonly (Prepared | undefined)[]
): Promise<[Fetched, Labels & {classes: readonly string[]}]> {
  const {label, key, columns = [], sensitive = [], data} = request
  const own = data === undefined ? ['score', 'prediction'] : []
  const wanted = [
    label,
    ...(key === undefined ? [] : [key]),
    ...sitters.flatMap(sitter => sitter?.columns ?? []),
    ...[...columns, ...sensitive, ...own].filter(name => table.names.includes(name))
  ]
  const fetched = await table.fetch([...new Set(wanted)])
  if (fetched.rows === 0)
    throw new UserError(`${table.files[0]?.name ?? 'data'}: the exam has no rows`, {hint: 'Give a file with rows below its header.'})
  const coded = fetched.categorical(label)
  return [fetched, {...parseLabels(coded, label, request.positive), classes: coded.values}]
}

/** A predictions file's answers, joined to the exam by key unless the file is the exam. */
async function readAnswers(
  sitter: Sitter,
  name: string,
  exam: Fetched,
  labels: Labels & {classes: readonly string[]},
  examTable: Table,
  request: ExamRequest
): Promise<Answers> {
  const itself = request.data === undefined && sitter === request.candidate
  if (!itself && request.key === undefined)
    throw new UserError('key: required with a predictions file and not given', {
      kind: 'usage',
      hint: 'Name the column that names a row in both files.'
    })
  const table = itself ? examTable : await open([sitter.path], request, {byColumns: true})
  try {
    const given = ['score', 'prediction'].filter(column => table.names.includes(column))
    if (given.length === 0)
      throw new UserError(
        `${shownPath(shownAddress(sitter.path), request.cwd)}: expected a column score or prediction, got ${table.names.join(', ')}`,
        {
          hint: 'Write the probability of the positive class as score.'
        }
      )
    const own = itself ? exam : await table.fetch([request.key ?? '', ...given])
    const rows = itself
      ? undefined
      : joinRows(exam.text(request.key ?? ''), own.text(request.key ?? ''), {
          exam: examTable.files[0]?.name ?? 'data',
          other: table.files[0]?.name ?? name,
          key: request.key ?? ''
        })
    const [file] = await table.digests()
    return {
      name,
      kind: 'predictions',
      digest: {sha256: file.sha256},
      size: file.size,
      named: itself ? undefined : file.named,
      ...parseAnswers(own, {rows, columns: given, labels, classes: labels.classes, threshold: request.threshold, file: file.name})
    }
  } finally {
    if (!itself) table.close()
  }
}

/** Predictions that are the exam themselves are written on as they are, with the class where it was not given. */
function addedColumns(
  {scores, predictions}: Answers,
  {positive, classes}: Labels & {classes: readonly string[]},
  names: readonly string[],
  {data}: ExamRequest
) {
  const all = {...(scores !== undefined && {score: scores}), prediction: renderPredictions(predictions, positive, classes)}
  return Object.fromEntries(Object.entries(all).filter(([name]) => data !== undefined || !names.includes(name)))
}

function refuseInvalid(answers: Answers): void {
  const reason = invalidity(answers)
  if (reason !== undefined)
    throw new UserError(`${answers.name}: ${reason}`, {hint: 'A score is the probability of the positive class, between 0 and 1.'})
}

type Attempt<T> = {readonly value: T} | {readonly fault: string}

/** What a person can mend of the champion or the base is its fault, an error for the gates that ask for it and for them alone. */
async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return {value: await work()}
  } catch (error) {
    if (error instanceof UserError) return {fault: error.message}
    throw error
  }
}

function doneOf<T>(tried: Attempt<T>): T | undefined {
  return 'fault' in tried ? undefined : tried.value
}

function rivalOf(tried: Attempt<Answers | undefined>): {readonly answers?: Answers; readonly fault?: string} {
  if ('fault' in tried) return {fault: tried.fault}
  const fault = tried.value && invalidity(tried.value)
  return fault === undefined ? {answers: tried.value} : {fault}
}

/** The subject that answers are about: the model, or the predictions file, which is data. */
export function subjectOf({name, kind, digest, size}: Answers): Subject {
  return {kind: kind === 'model' ? 'model' : 'data', name, digest, size}
}
