import {mkdtemp, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeEach, describe, expect, it, test} from 'vitest'
import {type ExamRequest, openExam} from '#shared/exam/exam'
import {joinRows} from '#shared/exam/join'
import {parseLabels} from '#shared/exam/labels'
import {rowsFinder, valuesOf} from '#shared/exam/slices'
import {parseGates} from '#shared/gates/parse'
import {logistic} from '../../support/onnx.js'

const coded = (cells: readonly string[]) => {
  const values = [...new Set(cells)].filter(cell => cell !== '')
  return {values, codes: Int32Array.from(cells, cell => values.indexOf(cell))}
}

describe('labels', () => {
  test.each([
    [['0', '1', '0'], undefined, [0, 1, 0]],
    [['true', 'false'], undefined, [1, 0]],
    [['no', 'yes'], 'yes', [0, 1]],
    [['0', '0'], undefined, [0, 0]]
  ])('%j with positive %s', (cells, positive, labels) => expect([...parseLabels(coded(cells), 'y', positive).labels]).toEqual(labels))

  test.each([
    [['0', '', '1'], undefined, 'label y: row 2 has none'],
    [['a', 'b', 'c'], undefined, 'label y: expected two classes, got 3 (a, b, c)'],
    [['no', 'yes'], undefined, 'no row is of the positive class 1 or true; there is no, yes'],
    [['0', '1'], 'yes', 'no row is of the positive class "yes"']
  ])('%j are refused', (cells, positive, message) => expect(() => parseLabels(coded(cells), 'y', positive)).toThrow(message))
})

describe('slices', () => {
  const columns: Record<string, string[]> = {plan: ['a', 'b', 'a', ''], age: ['10', '20', '30', '']}
  const table = {
    categorical: (name: string) => coded(columns[name]),
    numeric: (name: string) => (name === 'age' ? Float64Array.of(10, 20, 30, Number.NaN) : undefined)
  }
  const slice = (text: string) => parseGates([{text: `f1[${text}] >= 0`}])[0].slice
  test.each([
    ['plan=a', [0, 2]],
    ['plan!=a', [1, 3]],
    ['age>=20', [1, 2]],
    ['age<30', [0, 1]],
    ['plan=a, age>10', [2]],
    ['plan=zz', []],
    ['plan="(missing)"', [3]],
    ['plan!="(missing)"', [0, 1, 2]]
  ])('[%s]', (text, rows) => expect([...(rowsFinder(table, 4)(slice(text)) ?? [])]).toEqual(rows))

  it('of no condition are all rows', () => expect(rowsFinder(table, 4)([])).toBeUndefined())
  it('compare numbers with numbers', () => {
    expect(() => rowsFinder(table, 4)(slice('plan>3'))).toThrow('slice [plan>3]: plan holds text')
    expect(() => rowsFinder(table, 4)(slice('age>x'))).toThrow('slice [age>x]: "x" is no number')
  })
  it('list values by their rows', () =>
    expect(valuesOf(coded(['b', 'a', 'a', '']))).toEqual([
      {value: 'a', n: 2},
      {value: '(missing)', n: 1},
      {value: 'b', n: 1}
    ]))
})

describe('joining by key', () => {
  const names = {exam: 'exam.csv', other: 'p.csv', key: 'id'}
  it('gives the other row of each row', () => expect([...joinRows(['a', 'b', 'c'], ['c', 'a', 'b'], names)]).toEqual([1, 2, 0]))
  test.each([
    [['a', 'b'], ['a'], 'p.csv: not the same rows as exam.csv: 1 rows of the exam are missing (b)'],
    [['a'], ['a', 'b', 'c'], '2 are not in the exam (b, c)'],
    [['a', 'a'], ['a'], 'exam.csv: rows 1 and 2 have the same key id a'],
    [['a'], ['a', 'a'], 'p.csv: rows 1 and 2 have the same key id a'],
    [['a', ''], ['a', 'b'], 'exam.csv: row 2 has no key in id']
  ])('%j with %j is refused', (exam, other, message) => expect(() => joinRows(exam, other, names)).toThrow(message))
})

describe('an exam', () => {
  let folder: string
  const write = async (name: string, text: string | Buffer) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const request = (more: Partial<ExamRequest> & Pick<ExamRequest, 'candidate'>): ExamRequest => ({
    label: 'y',
    threshold: 0.5,
    cwd: folder,
    tempDir: folder,
    outDir: folder,
    ...more
  })
  let data: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'exam-'))
    data = await write('exam.csv', 'id,x,z,group,y\n1,2,0,f,1\n2,-2,0,m,0\n3,1,0,f,0\n4,-1,0,m,1\n')
  })

  it('is sat by a model, with the columns that its features name', async () => {
    const path = await write('m.onnx', logistic([1, 0], 0, ['x', 'z']))
    const exam = await openExam(request({data: [data], candidate: {kind: 'model', path}, columns: ['group']}))
    expect([...exam.labels]).toEqual([1, 0, 0, 1])
    expect([...exam.candidate.predictions]).toEqual([1, 0, 1, 0])
    expect(exam.candidate.scores?.[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 6)
    expect(exam.candidate.digest.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(exam.data.map(({kind, name}) => [kind, name])).toEqual([['data', 'exam.csv']])
    expect([...(exam.rows(parseGates([{text: 'f1[group=f] >= 0'}])[0].slice) ?? [])]).toEqual([0, 2])
    exam.close()
  })

  it('joins predictions by key, whatever their order', async () => {
    const path = await write('p.csv', 'id,score\n4,0.9\n3,0.1\n2,0.2\n1,0.8\n')
    const exam = await openExam(request({data: [data], key: 'id', candidate: {kind: 'predictions', path}}))
    expect([...(exam.candidate.scores ?? [])]).toEqual([0.8, 0.2, 0.1, 0.9])
    expect(exam.candidate.kind).toBe('predictions')
    exam.close()
  })

  it('takes classes as predictions, without scores', async () => {
    const path = await write(
      'p.jsonl',
      '{"id":1,"prediction":1}\n{"id":2,"prediction":0}\n{"id":3,"prediction":0}\n{"id":4,"prediction":1}\n'
    )
    const exam = await openExam(request({data: [data], key: 'id', candidate: {kind: 'predictions', path}}))
    expect([...exam.candidate.predictions]).toEqual([1, 0, 0, 1])
    expect(exam.candidate.scores).toBeUndefined()
    exam.close()
  })

  it('may be the predictions file itself, and writes it on', async () => {
    const path = await write('p.csv', 'y,group,score\n1,f,0.9\n0,m,0.4\n')
    const exam = await openExam(request({candidate: {kind: 'predictions', path}}))
    expect([...exam.labels]).toEqual([1, 0])
    const kept = await exam.writePredictions()
    exam.close()
    const again = await openExam(request({candidate: {kind: 'predictions', path: kept.path}, columns: ['group']}))
    expect([...again.candidate.predictions]).toEqual([1, 0])
    expect(again.values('group').map(({value}) => value)).toEqual(['f', 'm'])
    again.close()
  })

  it('lets the champion sit on the same rows', async () => {
    const path = await write('m.onnx', logistic([1], 0, ['x']))
    const champion = await write('c.csv', 'id,score\n1,0.5\n2,0.5\n3,0.5\n4,0.7\n')
    const exam = await openExam(
      request({data: [data], key: 'id', candidate: {kind: 'model', path}, champion: {kind: 'predictions', path: champion}})
    )
    expect([...(exam.champion?.scores ?? [])]).toEqual([0.5, 0.5, 0.5, 0.7])
    exam.close()
  })

  it('names what does not fit', async () => {
    const scores = (rows: string) => write('p.csv', `id,score\n${rows}`)
    const open = async (more: Partial<ExamRequest>, rows = '1,0.5\n2,0.5\n3,0.5\n4,0.5\n') =>
      openExam(request({data: [data], key: 'id', candidate: {kind: 'predictions', path: await scores(rows)}, ...more}))
    await expect(open({key: undefined})).rejects.toThrow('key: required with a predictions file')
    await expect(open({}, '1,0.5\n2,0.5\n3,0.5\n')).rejects.toThrow('1 rows of the exam are missing (4)')
    await expect(open({}, '1,0.5\n2,1.5\n3,0.5\n4,\n')).rejects.toThrow('p.csv: 2 scores are not finite or outside 0 to 1 (rows 2, 4)')
    await expect(open({}, '1,high\n2,low\n3,low\n4,low\n')).rejects.toThrow('p.csv: score: expected numbers, got text')
    await expect(open({label: 'nope'})).rejects.toThrow('there is no column nope')
    await expect(open({data: [await write('e.csv', 'id,y\n')]})).rejects.toThrow('e.csv')
  })

  it('refuses a model that reads the label', async () => {
    const path = await write('m.onnx', logistic([1], 0, ['y']))
    await expect(openExam(request({data: [data], candidate: {kind: 'model', path}}))).rejects.toThrow(
      'm.onnx: reads y, the label of the exam'
    )
  })

  it('takes the classes of a file that has them, and scores by the threshold otherwise', async () => {
    const both = await write('both.csv', 'y,score,prediction\n1,0.4,1\n0,0.4,0\n')
    const exam = await openExam(request({candidate: {kind: 'predictions', path: both}}))
    expect([...exam.candidate.predictions]).toEqual([1, 0])
    exam.close()
    const scored = await write('scored.csv', 'y,score\n1,0.4\n0,0.2\n')
    const other = await openExam(request({candidate: {kind: 'predictions', path: scored}, threshold: 0.3}))
    expect([...other.candidate.predictions]).toEqual([1, 0])
    other.close()
  })

  it('does not take a column of the exam for the answers of a file', async () => {
    const own = await write('own.csv', 'id,score,y\n1,0.1,1\n2,0.2,0\n')
    const path = await write('p.csv', 'id,score\n1,0.9\n2,0.8\n')
    const exam = await openExam(request({data: [own], key: 'id', candidate: {kind: 'predictions', path}}))
    expect([...(exam.candidate.scores ?? [])]).toEqual([0.9, 0.8])
    await expect(exam.writePredictions()).rejects.toThrow('The data has a column score already')
    exam.close()
  })

  it('writes classes as the label has them, also when it has one', async () => {
    const path = await write('m.onnx', logistic([1], 0, ['x']))
    const words = await write('words.csv', 'x,y\n1,yes\n-1,yes\n')
    const exam = await openExam(request({data: [words], positive: 'yes', candidate: {kind: 'model', path}}))
    const kept = await exam.writePredictions()
    exam.close()
    const again = await openExam(request({positive: 'yes', candidate: {kind: 'predictions', path: kept.path}}))
    expect([...again.candidate.predictions]).toEqual([1, 0])
    again.close()
  })

  it('goes on without a champion that no longer fits, and says why', async () => {
    const path = await write('m.onnx', logistic([1], 0, ['x']))
    const old = await write('old.onnx', logistic([1], 0, ['gone']))
    const exam = await openExam(request({data: [data], candidate: {kind: 'model', path}, champion: {kind: 'model', path: old}}))
    expect(exam.champion).toBeUndefined()
    expect(exam.championFault).toContain('lacks the column gone')
    exam.close()
  })

  it('keeps a champion with invalid scores out, and says why', async () => {
    const path = await write('m.onnx', logistic([1], 0, ['x']))
    const champion = await write('c.csv', 'id,score\n1,0.5\n2,7\n3,0.5\n4,0.7\n')
    const exam = await openExam(
      request({data: [data], key: 'id', candidate: {kind: 'model', path}, champion: {kind: 'predictions', path: champion}})
    )
    expect([exam.champion, exam.championFault]).toEqual([undefined, '1 score is not finite or outside 0 to 1 (rows 2)'])
    exam.close()
  })
})
