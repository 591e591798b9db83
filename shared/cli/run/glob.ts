/** A glob as a regular expression over `/`-separated paths: `*`, `?`, `[a-z]`, `**`, and with `braces` also `{a,b}`. Without `hidden`, wildcards leave out names that start with a dot. */
export function globExpression(pattern: string, {braces = false, hidden = true}: {braces?: boolean; hidden?: boolean} = {}): RegExp {
  const noDot = hidden ? '' : '(?!\\.)'
  let source = ''
  let depth = 0
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]
    const starts = at === 0 || pattern[at - 1] === '/'
    if (pattern.startsWith('**', at) && starts) {
      const folder = pattern[at + 2] === '/'
      source += folder ? `(?:${noDot}[^/]+/)*` : `${noDot}.*`
      at += folder ? 2 : 1
    } else if (char === '*') source += `${starts ? `${noDot}` : ''}[^/]*`
    else if (char === '?') source += `${starts ? noDot : ''}[^/]`
    else if (char === '[' && pattern.indexOf(']', at + 2) > 0) {
      const end = pattern.indexOf(']', at + 2)
      source += `[${pattern
        .slice(at + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')}]`
      at = end
    } else if (braces && char === '{' && pattern.indexOf('}', at) > 0) {
      source += '(?:'
      depth++
    } else if (depth > 0 && char === ',') source += '|'
    else if (depth > 0 && char === '}') {
      source += ')'
      depth--
    } else source += char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  }
  return new RegExp(`^${source}$`, 's')
}
