// Writes the data of the benchmarks to the folder that is given: node data.mjs build/bench [rows]. The same rows every time.
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {DuckDBInstance} from '@duckdb/node-api'
import {toOnnx} from '../../workflows-examples/wages/graph.mjs'

const [folder, given = '1000000'] = process.argv.slice(2)
const rows = Number(given)
const FEATURES = Array.from({length: 19}, (_, index) => `x${index + 1}`)
const WEIGHTS = FEATURES.map((_, index) => (index % 2 === 0 ? 1 : -1) / (1 + index / 4))

mkdirSync(folder, {recursive: true})
const connection = await (await DuckDBInstance.create(':memory:', {threads: '2'})).connect()
// A hash of row and column in the place of a random number: threads and order change nothing.
await connection.run('CREATE MACRO u(i, k) AS (hash(i * 64 + k) >> 11)::DOUBLE / 9007199254740992')
await connection.run('CREATE MACRO normal(i, k) AS sqrt(-2 * ln(u(i, k) + 1e-300)) * cos(2 * pi() * u(i, k + 32))')
await connection.run('CREATE MACRO pick(i, k, names) AS names[1 + floor(u(i, k) * len(names))::INTEGER]')

await writeCsv(
  'people.csv',
  `SELECT i + 1 AS id,
    strftime(DATE '2020-01-01' + floor(u(i, 1) * 2000)::INTEGER, '%Y-%m-%d') AS signed_up,
    pick(i, 2, string_split('AT BE CH CZ DE DK ES FI FR GB GR HU IE IT NL NO PL PT RO SE', ' ')) AS country,
    pick(i, 3, ['free', 'plus', 'team', 'enterprise']) AS plan,
    pick(i, 4, ['female', 'male', 'other']) AS gender,
    'user' || i || '@example.com' AS email,
    pick(i, 5, [true, false]) AS active,
    18 + floor(u(i, 6) * 70)::INTEGER AS age,
    CASE WHEN u(i, 7) >= 0.02 THEN round(exp(10 + 0.6 * normal(i, 8)), 2) END AS income,
    round(1000 * normal(i, 9), 2) AS balance,
    floor(-40 * ln(1 - u(i, 10)))::INTEGER AS sessions,
    round(20 * exp(normal(i, 11)), 3) AS latency_ms,
    round(u(i, 12), 6) AS score,
    floor(u(i, 13) * 100)::INTEGER AS tenure,
    (u(i, 14) < 0.2)::INTEGER AS churned
  FROM range(${rows}) AS t(i)`
)

await connection.run(
  `CREATE TABLE exam AS SELECT i + 1 AS id, ${FEATURES.map((name, index) => `round(normal(i, ${index}), 4) AS ${name}`).join(', ')},
    floor(16 * pow(u(i, 60), 1.5))::INTEGER AS place FROM range(${rows}) AS t(i)`
)
const sum = FEATURES.map((name, index) => `${WEIGHTS[index]} * ${name}`).join(' + ')
await writeCsv(
  'exam.csv',
  `SELECT id, ${FEATURES.join(', ')}, 'group ' || chr(65 + place) AS region,
    (u(id, 61) < 1 / (1 + exp(-(0.4 * (${sum}) + 0.05 * (place - 8)))))::INTEGER AS label FROM exam ORDER BY id`
)
writeFileSync(
  join(folder, 'model.onnx'),
  toOnnx({intercept: 0.1, columns: FEATURES.map((name, index) => ({name, mean: 0, weight: 0.4 * WEIGHTS[index]}))})
)

await writeColumns(`SELECT u(i, 1) + CASE WHEN u(i, 2) < 0.3 THEN 0.3 ELSE 0 END AS score, (u(i, 2) < 0.3)::INTEGER AS label,
  floor(16 * pow(u(i, 3), 1.5))::INTEGER AS place FROM range(${rows}) AS t(i) ORDER BY i`)

function writeCsv(name, query) {
  return connection.run(`COPY (${query}) TO '${join(folder, name).replaceAll("'", "''")}' (FORMAT csv, HEADER)`)
}

/** Labels, scores, predictions and groups as plain arrays, which both sides read without parsing. */
async function writeColumns(query) {
  const scores = new Float64Array(rows)
  const labels = new Uint8Array(rows)
  const groups = new Int32Array(rows)
  let row = 0
  const result = await connection.stream(query)
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    scores.set(chunk.getColumnVector(0).items.subarray(0, chunk.rowCount), row)
    labels.set(chunk.getColumnVector(1).items.subarray(0, chunk.rowCount), row)
    groups.set(chunk.getColumnVector(2).items.subarray(0, chunk.rowCount), row)
    row += chunk.rowCount
  }
  writeFileSync(join(folder, 'scores.f64'), scores)
  writeFileSync(join(folder, 'labels.u8'), labels)
  writeFileSync(join(folder, 'groups.i32'), groups)
  writeFileSync(
    join(folder, 'predictions.u8'),
    Uint8Array.from(scores, score => (score >= 0.65 ? 1 : 0))
  )
}
