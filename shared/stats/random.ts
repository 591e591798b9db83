/** Draws uniformly from [0, 1) in steps of 2^-32. */
export type Random = () => number

/** xoshiro128** (Blackman & Vigna 2018), its state filled by splitmix32: the same seed gives the same numbers everywhere. */
export function random(seed: number): Random {
  const fill = splitmix(seed)
  let a = fill()
  let b = fill()
  let c = fill()
  let d = fill()
  return () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result / 4294967296
  }
}

function splitmix(seed: number): () => number {
  let state = (Math.trunc(seed) ^ Math.trunc(seed / 4294967296)) | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
}

/** Counts of n draws over cells with the given weights (not negative, at least one positive): one binomial draw a cell. */
export function multinomial(next: Random, n: number, weights: ArrayLike<number>): number[] {
  let weightLeft = 0
  for (let i = 0; i < weights.length; i++) weightLeft += weights[i]
  let left = n
  return Array.from(weights, weight => {
    const share = Math.min(1, weight / weightLeft)
    weightLeft -= weight
    const count = left === 0 || weight === 0 ? 0 : weightLeft <= 0 ? left : binomial(next, left, share)
    left -= count
    return count
  })
}

/** Successes in n trials of chance p. Inversion while n p < 10, else transformed rejection (BTRS, Hörmann 1993). */
export function binomial(next: Random, n: number, p: number): number {
  if (!(p > 0) || n <= 0) return 0
  if (p >= 1) return n
  if (p > 0.5) return n - binomial(next, n, 1 - p)
  return n * p < 10 ? binomialByInversion(next, n, p) : binomialByRejection(next, n, p)
}

function binomialByInversion(next: Random, n: number, p: number): number {
  const odds = p / (1 - p)
  let chance = Math.exp(n * Math.log1p(-p))
  let left = next()
  let k = 0
  while (left >= chance && k < n) {
    left -= chance
    chance *= (odds * (n - k)) / (k + 1)
    k++
    if (chance < 1e-20 && k > n * p) break
  }
  return k
}

function binomialByRejection(next: Random, n: number, p: number): number {
  const sd = Math.sqrt(n * p * (1 - p))
  const b = 1.15 + 2.53 * sd
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const centre = n * p + 0.5
  const sure = 0.92 - 4.2 / b
  const mode = Math.floor((n + 1) * p)
  const lnOdds = Math.log(p / (1 - p))
  const atMode = lnFactorial(mode) + lnFactorial(n - mode)
  for (;;) {
    const u = next() - 0.5
    const v = next()
    const away = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / away + b) * u + centre)
    if (k < 0 || k > n) continue
    if (away >= 0.07 && v <= sure) return k
    const height = Math.log((v * (2.83 + 5.1 / b) * sd) / (a / (away * away) + b))
    if (height <= atMode - lnFactorial(k) - lnFactorial(n - k) + (k - mode) * lnOdds) return k
  }
}

/** A Poisson(1) count: the weight of a row in a Poisson bootstrap. */
export function poisson1(next: Random): number {
  const u = next()
  if (u < POISSON_1[0]) return 0
  let k = 1
  while (k < POISSON_1.length && u >= POISSON_1[k]) k++
  return k
}

const POISSON_1 = Float64Array.from({length: 14}, (_, k) => {
  let chance = Math.exp(-1)
  let sum = chance
  for (let j = 1; j <= k; j++) {
    chance /= j
    sum += chance
  }
  return sum
})

/** A Poisson count of the given mean. Inversion while mean < 10, else transformed rejection (PTRS, Hörmann 1993). */
export function poisson(next: Random, mean: number): number {
  if (mean < 10) return poissonByInversion(next, mean)
  const b = 0.931 + 2.53 * Math.sqrt(mean)
  const a = -0.059 + 0.02483 * b
  const lnMean = Math.log(mean)
  const lnScale = Math.log(1.1239 + 1.1328 / (b - 3.4))
  for (;;) {
    const u = next() - 0.5
    const v = next()
    const away = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / away + b) * u + mean + 0.43)
    if (away >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2)) return k
    if (k < 0 || (away < 0.013 && v > away)) continue
    if (Math.log(v) + lnScale - Math.log(a / (away * away) + b) <= k * lnMean - mean - lnFactorial(k)) return k
  }
}

function poissonByInversion(next: Random, mean: number): number {
  let chance = Math.exp(-mean)
  let left = next()
  let k = 0
  while (left >= chance && k < 1000) {
    left -= chance
    k++
    chance *= mean / k
    if (chance < 1e-20 && k > mean) break
  }
  return k
}

const LN_FACTORIALS = new Float64Array(256)
for (let k = 2; k < 256; k++) LN_FACTORIALS[k] = LN_FACTORIALS[k - 1] + Math.log(k)

function lnFactorial(k: number): number {
  if (k < 256) return LN_FACTORIALS[k]
  const x = k + 1
  return (x - 0.5) * Math.log(x) - x + 0.9189385332046727 + (1 / 12 - 1 / (360 * x * x)) / x
}
