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

/** Sorts finite scores within their class (`labels` 1 or 0): a distribution sort, linear in time for spread-out scores. */
export function sortByClass(labels: Uint8Array, scores: ArrayLike<number>): ByClass {
  const {sorted, positives} = distribute(labels, scores)
  return {positives: sorted.subarray(0, positives), negatives: sorted.subarray(positives)}
}

/**
 * Of each row the share of the other class that it is ranked right against, ties by half: DeLong's structural components,
 * exact and in row order. `scores`: finite.
 */
export function placements(labels: Uint8Array, scores: ArrayLike<number>): Float64Array {
  const {bucketOf, sorted, starts, size, positives} = distribute(labels, scores)
  const negatives = labels.length - positives
  return Float64Array.from(labels, (label, row) => {
    const other = label === 1 ? bucketOf[row] + size : bucketOf[row] - size
    const below = midrank(sorted, starts[other], starts[other + 1], scores[row])
    return label === 1 ? (below - positives) / negatives : 1 - below / positives
  })
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
