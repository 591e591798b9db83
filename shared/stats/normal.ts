import {gammaQ} from './gamma.js'

/** P(Z <= z) of a standard normal variable. */
export function normalCdf(z: number): number {
  const tail = gammaQ(0.5, (z * z) / 2) / 2
  return z < 0 ? tail : 1 - tail
}

/** The z with P(Z <= z) = p: Abramowitz & Stegun 26.2.23, polished by Halley's method to full precision. */
export function normalQuantile(p: number): number {
  if (Number.isNaN(p) || p < 0 || p > 1) return Number.NaN
  if (p > 0.5) return -normalQuantile(1 - p)
  if (p === 0.5) return 0
  if (p === 0) return Number.NEGATIVE_INFINITY
  const t = Math.sqrt(-2 * Math.log(p))
  let z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))))
  for (let step = 0; step < 3; step++) {
    const newton = ((normalCdf(z) - p) / p) * (p * Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2))
    z -= newton / (1 + (z * newton) / 2)
  }
  return z
}
