/** Throws unless every number in `theirs` is in `ours` under the same name and as large, but for `tolerance` (relative, absolute near 0). */
export function agree(theirs, ours, tolerance, path = 'answer') {
  if (typeof theirs === 'object' && theirs !== null) {
    if (typeof ours !== 'object' || ours === null) throw new Error(`${path}: the peer has figures where we have ${ours}`)
    for (const [key, value] of Object.entries(theirs)) agree(value, ours[key], tolerance, `${path}.${key}`)
    return
  }
  const apart = Math.abs(theirs - ours) / Math.max(1, Math.abs(theirs))
  if (!(apart <= tolerance)) throw new Error(`${path}: ours is ${ours}, the peer's ${theirs}`)
}
