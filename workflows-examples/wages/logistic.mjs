// Logistic regression with a ridge, by Newton's method: no chance in it, so the same rows always give the same model.

const STEPS = 25
const SETTLED = 1e-9

/**
 * Fits the rows of a table to labels of 0 and 1. Columns of numbers are standardised for the fit and their weights folded back; a column of
 * texts gets one weight for each text. Returns `{intercept, columns}`; `onStep({step, columns, intercept})` sees every step.
 */
export function fitLogistic(rows, labels, names, ridge, onStep = () => {}) {
  const columns = names.map(name => describe(name, rows))
  const features = rows.map(row => [1, ...columns.flatMap(column => encode(column, row[column.name]))])
  let weights = features[0].map(() => 0)
  onStep({step: 0, ...fold(columns, weights)})
  for (let step = 1; step <= STEPS; step++) {
    const change = newtonStep(features, labels, weights, ridge)
    weights = weights.map((weight, place) => weight + change[place])
    onStep({step, ...fold(columns, weights)})
    if (Math.max(...change.map(Math.abs)) < SETTLED) return fold(columns, weights)
  }
  throw new Error(`not settled after ${STEPS} steps`)
}

/** The model's probability for one row. What is missing or was never seen weighs as the average does. */
export function probability({intercept, columns}, row) {
  const parts = columns.map(column => {
    const value = row[column.name]
    if (column.levels) return column.weights[column.levels.indexOf(value)] ?? 0
    return column.weight * (isMissing(value) ? column.mean : Number(value))
  })
  return sigmoid(parts.reduce((sum, part) => sum + part, intercept))
}

/** The mean of -log p(label) over rows. */
export function logLoss(model, rows, labels) {
  const losses = rows.map((row, place) => {
    const share = probability(model, row)
    return -Math.log(labels[place] === 1 ? share : 1 - share)
  })
  return losses.reduce((sum, loss) => sum + loss, 0) / rows.length
}

const sigmoid = z => 1 / (1 + Math.exp(-z))
const isMissing = value => value === undefined || value === '' || Number.isNaN(Number(value))

function describe(name, rows) {
  const values = rows.map(row => row[name])
  if (values.includes(undefined)) throw new Error(`column ${name} is not in the table, which has ${Object.keys(rows[0]).join(', ')}`)
  if (values.some(isMissing)) return {name, levels: [...new Set(values)].sort()}
  const mean = values.reduce((sum, value) => sum + Number(value), 0) / values.length
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (Number(value) - mean) ** 2, 0) / values.length)
  if (deviation === 0) throw new Error(`column ${name} holds one value only`)
  return {name, mean, deviation}
}

function encode({levels, mean, deviation}, value) {
  return levels ? levels.map(level => (level === value ? 1 : 0)) : [(Number(value) - mean) / deviation]
}

function fold(columns, [intercept, ...rest]) {
  const weighted = columns.map(column => {
    const weights = rest.splice(0, column.levels?.length ?? 1)
    if (column.levels) return {name: column.name, levels: column.levels, weights}
    return {name: column.name, mean: column.mean, weight: weights[0] / column.deviation}
  })
  const shift = weighted.reduce((sum, column) => sum + (column.levels ? 0 : column.weight * column.mean), 0)
  return {intercept: intercept - shift, columns: weighted}
}

function newtonStep(features, labels, weights, ridge) {
  const penalty = weights.map((_, place) => (place === 0 ? 0 : ridge))
  const gradient = weights.map((weight, place) => -penalty[place] * weight)
  const curvature = weights.map((_, place) => weights.map((_, other) => (place === other ? penalty[place] : 0)))
  features.forEach((row, index) => {
    const share = sigmoid(row.reduce((sum, value, place) => sum + value * weights[place], 0))
    row.forEach((value, place) => {
      gradient[place] += value * (labels[index] - share)
      row.forEach((other, second) => {
        curvature[place][second] += share * (1 - share) * value * other
      })
    })
  })
  return solve(curvature, gradient)
}

/** Solves a symmetric positive definite system by elimination, which needs no pivoting there. */
function solve(matrix, right) {
  const rows = matrix.map((row, place) => [...row, right[place]])
  rows.forEach((pivot, place) => {
    for (const row of rows.slice(place + 1)) {
      const factor = row[place] / pivot[place]
      for (let column = place; column < row.length; column++) row[column] -= factor * pivot[column]
    }
  })
  const solution = []
  for (let place = rows.length - 1; place >= 0; place--) {
    const known = solution.reduce((sum, value, offset) => sum + rows[place][place + 1 + offset] * value, 0)
    solution.unshift((rows[place][rows.length] - known) / rows[place][place])
  }
  return solution
}
