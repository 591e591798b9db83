import type {Verdict} from '#shared/evidence/evidence'

const SHAPES: Readonly<Record<Verdict, string>> = {
  pass: '<circle cx="8" cy="8" r="7"/><path d="m4.8 8.3 2.2 2.2 4.2-4.6"/>',
  warn: '<path d="M8 1.6 15 14.2H1z"/><path d="M8 6.2v3.6M8 11.8v.4"/>',
  inconclusive: '<circle cx="8" cy="8" r="7" stroke-dasharray="2.6 1.8"/><path d="M6 6.3c.2-2.4 4-2.3 4 0 0 1.5-2 1.6-2 3.1M8 11.6v.4"/>',
  fail: '<path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z"/><path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2"/>',
  error: '<circle cx="8" cy="8" r="7"/><path d="M3.2 12.8 12.8 3.2"/>'
}

/** A shape a verdict; always beside its word, so hidden from screen readers. */
export function icon(verdict: Verdict): string {
  return `<svg class="icon" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${SHAPES[verdict]}</svg>`
}

/** Icon and word. `word` replaces the verdict's own, as in `missing`. */
export function badge(verdict: Verdict, word: string = verdict): string {
  return `<span class="verdict ${verdict}">${icon(verdict)}${word}</span>`
}
