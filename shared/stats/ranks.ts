/** Scores of both classes, each ascending. */
export interface ByClass {
  readonly positives: Float64Array
  readonly negatives: Float64Array
}

interface Buckets {
  /** bucket of each row, positives in [0, size), negatives in [size, 2 size) */
  readonly bucketOf: Uint32Array
  /** the scores by bucket, ascending throughout each class */
  readonly sorted: Float64Array
  /** where each bucket begins in `sorted`, and one past the last */
  readonly starts: Uint32Array
  readonly size: number
  readonly positives: number
}

const classes = new WeakMap<ArrayLike<number>, ByClass & {readonly labels: Uint8Array}>()

/**
 * Sorts finite scores within their class (`labels` 1 or 0): a distribution sort, linear in time for spread-out scores. Several metrics ask for the
 * same scores: what is sorted is kept as long as these are, so neither may be changed.
 */
export function sortByClass(labels: Uint8Array, scores: ArrayLike<number>): ByClass {
  const known = classes.get(scores)
  if (known?.labels === labels) return known
  const {sorted, positives} = distribute(labels, scores)
  const byClass = {labels, positives: sorted.subarray(0, positives), negatives: sorted.subarray(positives)}
  classes.set(scores, byClass)
  return byClass
}

/** Visits the distinct scores, the lowest first, with how many of each class have it. */
export function eachScore({positives, negatives}: ByClass, visit: (score: number, ofPositives: number, ofNegatives: number) => void): void {
  for (let i = 0, j = 0; i < positives.length || j < negatives.length; ) {
    const score = j >= negatives.length || positives[i] <= negatives[j] ? positives[i] : negatives[j]
    const [first, other] = [i, j]
    while (positives[i] === score) i++
    while (negatives[j] === score) j++
    visit(score, i - first, j - other)
  }
}

/**
 * Of each row the share of the other class that it is ranked right against, ties by half: DeLong's structural components,
 * exact and in row order. `scores`: finite.
 */
export function placements(labels: Uint8Array, scores: ArrayLike<number>): Float64Array {
  const {bucketOf, sorted, starts, size, positives} = distribute(labels, scores)
  const negatives = labels.length - positives
  const placed = new Float64Array(labels.length)
  for (let row = 0; row < placed.length; row++) {
    const positive = labels[row] === 1
    const other = positive ? bucketOf[row] + size : bucketOf[row] - size
    const below = midrank(sorted, starts[other], starts[other + 1], scores[row])
    placed[row] = positive ? (below - positives) / negatives : 1 - below / positives
  }
  return placed
}

function distribute(labels: Uint8Array, scores: ArrayLike<number>): Buckets {
  const n = labels.length
  const size = 2 ** Math.max(4, Math.ceil(Math.log2(n / 4 + 1)))
  const {bucketOf, starts} = bucketsOf(labels, scores, size)
  const next = starts.slice()
  const sorted = new Float64Array(n)
  for (let i = 0; i < n; i++) sorted[next[bucketOf[i]]++] = scores[i]
  for (let b = 0; b < 2 * size; b++) sortRange(sorted, starts[b], starts[b + 1])
  return {bucketOf, sorted, starts, size, positives: starts[size]}
}

/** Buckets of equal width over the range of the scores; what is skewed lands in few of them and is sorted there. */
function bucketsOf(labels: Uint8Array, scores: ArrayLike<number>, size: number) {
  const n = labels.length
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < n; i++) {
    const score = scores[i]
    if (score < min) min = score
    if (score > max) max = score
  }
  const scale = max > min ? (size - 1) / (max - min) : 0
  const bucketOf = new Uint32Array(n)
  const starts = new Uint32Array(2 * size + 1)
  for (let i = 0; i < n; i++) {
    const bucket = (((scores[i] - min) * scale) | 0) + (labels[i] === 1 ? 0 : size)
    bucketOf[i] = bucket
    starts[bucket + 1]++
  }
  for (let b = 0; b < 2 * size; b++) starts[b + 1] += starts[b]
  return {bucketOf, starts}
}

function sortRange(values: Float64Array, start: number, end: number): void {
  if (end - start > 24) {
    values.subarray(start, end).sort()
    return
  }
  for (let i = start + 1; i < end; i++) {
    const value = values[i]
    let j = i - 1
    for (; j >= start && values[j] > value; j--) values[j + 1] = values[j]
    values[j + 1] = value
  }
}

/** Position of a value among sorted[start, end), counted from the start of the array; equal ones count by half. */
function midrank(sorted: Float64Array, start: number, end: number, value: number): number {
  const first = lowerBound(sorted, start, end, value)
  let last = first
  if (end - first > 24) last = upperBound(sorted, first, end, value)
  else while (last < end && sorted[last] === value) last++
  return (first + last) / 2
}

function lowerBound(sorted: Float64Array, start: number, end: number, value: number): number {
  let low = start
  let high = end
  while (low < high) {
    const centre = (low + high) >>> 1
    if (sorted[centre] < value) low = centre + 1
    else high = centre
  }
  return low
}

function upperBound(sorted: Float64Array, start: number, end: number, value: number): number {
  let low = start
  let high = end
  while (low < high) {
    const centre = (low + high) >>> 1
    if (sorted[centre] <= value) low = centre + 1
    else high = centre
  }
  return low
}

const orders = new WeakMap<Float64Array, Uint32Array>()

/**
 * Row numbers in ascending order of finite scores, equal scores in row order; linear in time (radix sort on the bits). Several metrics ask for
 * the order of the same scores: it is kept as long as these are, so neither may be changed.
 */
export function ascendingOrder(scores: Float64Array): Uint32Array {
  const known = orders.get(scores)
  if (known !== undefined) return known
  const order = sortRows(scores)
  orders.set(scores, order)
  return order
}

function sortRows(scores: Float64Array): Uint32Array {
  const rows = new Uint32Array(scores.length)
  for (let row = 0; row < rows.length; row++) rows[row] = row
  if (scores.length < 4096) return rows.sort((a, b) => scores[a] - scores[b] || a - b)
  let from = keysOf(scores, rows)
  let to: Keys = {rows: new Uint32Array(rows.length), low: new Uint32Array(rows.length), high: new Uint32Array(rows.length)}
  for (const word of ['low', 'high'] as const) {
    for (const shift of [0, 16]) {
      if (!scatter(from, to, from[word], shift)) continue
      const done = to
      to = from
      from = done
    }
  }
  return from.rows
}

interface Keys {
  readonly rows: Uint32Array
  /** the two halves of a 64-bit number that orders as the scores do */
  readonly low: Uint32Array
  readonly high: Uint32Array
}

function keysOf(scores: Float64Array, rows: Uint32Array): Keys {
  const words = new Uint32Array(scores.map(score => score + 0).buffer)
  const low = new Uint32Array(rows.length)
  const high = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const negative = words[2 * i + 1] >>> 31 === 1
    low[i] = negative ? ~words[2 * i] : words[2 * i]
    high[i] = negative ? ~words[2 * i + 1] : words[2 * i + 1] ^ 0x80000000
  }
  return {rows, low, high}
}

/** One stable pass over 16 bits of the key; false, and nothing moved, when they are the same in all rows. */
function scatter(from: Keys, to: Keys, key: Uint32Array, shift: number): boolean {
  const n = key.length
  const next = new Uint32Array(65537)
  for (let i = 0; i < n; i++) next[((key[i] >>> shift) & 65535) + 1]++
  if (next[((key[0] >>> shift) & 65535) + 1] === n) return false
  for (let digit = 0; digit < 65536; digit++) next[digit + 1] += next[digit]
  for (let i = 0; i < n; i++) {
    const at = next[(key[i] >>> shift) & 65535]++
    to.rows[at] = from.rows[i]
    to.low[at] = from.low[i]
    to.high[at] = from.high[i]
  }
  return true
}
