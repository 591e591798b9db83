import {formatNumber} from '#shared/evidence/number'

const JOINER = '\u200d'

/** What a terminal, a browser or GitHub would act on instead of showing: controls, bidirectional and zero-width characters, lone surrogates. */
const UNSEEN = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** Tokens that are known by their form: of GitHub, AWS, Slack, and signed web tokens. */
const SECRET =
  /\b(?:gh[opusr]_\w{20,}|github_pat_\w{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|xox[abeoprs]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})/g

/**
 * Text from data as one line whose every character can be seen: newlines and tabs are blanks, unseen characters `\u{202e}`, what has the form of a token `[secret]`.
 * Longer than `limit` code points it ends in how many are left out.
 */
export function visible(text: string, limit = 400): string {
  const line = cut(text.replace(SECRET, '[secret]'), limit)
    .replace(/[\n\r\t\v\f\u0085\u2028\u2029]+/g, ' ')
    .replace(UNSEEN, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
  return line.trim()
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  const points = [...text]
  if (points.length <= limit) return text
  return `${points.slice(0, limit).join('')}… (${formatNumber(points.length - limit)} more)`
}

/** A Markdown code span: its fence is longer than any run of backticks inside. */
export function code(text: string, limit?: number): string {
  const line = visible(text, limit)
  if (line === '') return '(empty)'
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(run => run[0].length))
  const fence = '`'.repeat(longest + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

/**
 * Text from data as Markdown that renders to that text and nothing else: no emphasis, HTML, link, image, mention, issue reference,
 * emoji short code or formula, wherever in a line it stands. What GitHub finds after rendering is parted by a zero-width joiner.
 */
export function prose(text: string, limit?: number): string {
  const escaped = visible(text, limit)
    .replace(/[\\`*[\]<~$^]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/^>|^[-+=#](?=[-+=#\s]|$)/, '\\$&')
    .replace(/^(\d{1,9})(?=[.)](\s|$))/, '$1\\')
    .replace(/!(?=\\?\[)/g, '\\!')
  return parted(escaped).replace(/\|/g, '&#124;')
}

/** What GitHub makes a link, a mention, a reference or a picture of after rendering, parted by a zero-width joiner. */
function parted(text: string): string {
  return text
    .replace(/@/g, `@${JOINER}`)
    .replace(/#(?=\d)/g, `#${JOINER}`)
    .replace(/\b(gh-)(?=\d)/gi, `$1${JOINER}`)
    .replace(/:(?=\/\/)/g, `:${JOINER}`)
    .replace(/\b(www)(?=\.)/gi, `$1${JOINER}`)
    .replace(/:(?=[\w+-]+:)/g, `:${JOINER}`)
}

/** Text from data for HTML, in text and in quoted attributes. */
export function html(text: string, limit?: number): string {
  return visible(text, limit)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&apos;')
}

/** Text from data inside an HTML block of a Markdown document, such as a `<summary>`. */
export function htmlInMarkdown(text: string, limit?: number): string {
  return parted(html(text, limit))
}
