import {marked} from 'marked'
import {describe, expect, test} from 'vitest'
import {code, html, prose, visible} from '#shared/report/inert'
import {table} from '#shared/report/markdown'

const NASTY = [
  '<img src=x onerror=alert(1)>',
  '![x](https://evil.example/a.png)',
  '[click](javascript:alert(1))',
  '[ref]: https://evil.example',
  '<https://evil.example>',
  'see https://evil.example/x and www.evil.example now',
  'mail me@evil.example or @octocat, @org/team',
  'fixes #12, GH-12, octo/repo#3',
  '**bold** _em_ __strong__ ~~gone~~ *a*',
  '`code` ``two`` ```three',
  '```\nfence\n```',
  '# heading',
  '- item',
  '1. item',
  '> quote',
  '| a | b |\n|---|---|',
  'a\\|b \\\\| c|d',
  '<!-- comment -->',
  '</details></td></table>',
  '<details><summary>x',
  '&lt;b&gt; &copy; &#64;me',
  '=cmd|calc!A1',
  '$x^2$ and $`y`$',
  ':tada: :+1:',
  '\u202Eevil\u202C \u200Bzero\u200D \uFEFF \u2066x\u2069',
  '\u0000\u0007\u001b[31mred\u001b[0m',
  'line one\r\nline two\u2028three',
  '\\',
  '`',
  ' ',
  '\ud800 alone',
  'a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301',
  '---',
  '===',
  '::error::owned',
  '${{ secrets.TOKEN }}',
  '<b onmouseover="x">\'"</b>'
]

const ALLOWED = /^<\/?(p|code|table|thead|tbody|tr|th|td|ul|li)( align="(left|right)")?>$/

/** Tags that the rendered text holds besides those that we wrote ourselves. */
function strayTags(markdown: string): readonly string[] {
  const rendered = marked.parse(markdown, {async: false, gfm: true})
  return (rendered.match(/<[^>]*>/g) ?? []).filter(tag => !ALLOWED.test(tag))
}

function textOf(markdown: string): string {
  return marked
    .parse(markdown, {async: false, gfm: true})
    .replace(/<[^>]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&#124;/g, '|')
    .replace(/&amp;/g, '&')
    .replace(/(?<=[@#:w\-\d\\])\u200d/gi, '')
    .trim()
}

describe.each(NASTY)('%j', nasty => {
  test('as prose it renders to itself alone', () => {
    expect(strayTags(`✗ ${prose(nasty)}`)).toEqual([])
    expect(textOf(`✗ ${prose(nasty)}`)).toBe(`✗ ${visible(nasty)}`.trim())
  })

  test('at the start of a block it begins none', () => {
    const rendered = marked.parse(prose(nasty), {async: false})
    expect(rendered).toMatch(/^(<p>.*<\/p>\n)?$/)
  })

  test('as a code span it renders to itself alone', () => {
    expect(strayTags(`- ${code(nasty)}: after`)).toEqual([])
    expect(textOf(code(nasty))).toBe(visible(nasty) || '(empty)')
  })

  test('in a table it stays in its cell', () => {
    const rendered = marked.parse(
      table(
        [{name: 'a'}, {name: 'b'}],
        [
          [code(nasty), prose(nasty)],
          ['x', 'y']
        ]
      ),
      {async: false}
    )
    expect(rendered.match(/<td>/g)).toHaveLength(4)
    expect(strayTags(table([{name: 'a'}], [[code(nasty)]]))).toEqual([])
  })

  test('as HTML it holds no tag and no open quote', () => {
    expect(html(nasty)).not.toMatch(/[<>"']/)
  })
})

test('nothing that GitHub finds after rendering is left whole', () => {
  const text = prose('@octocat #12 GH-7 https://a.example www.a.example :tada: a@b.example')
  expect(text).not.toMatch(/@\w|#\d|GH-\d|:\/\/|www\.|:tada:/)
})

test('unseen characters are shown as escapes, newlines as blanks', () => {
  expect(visible('a\u202eb\u200bc\nd\u0007')).toBe('a\\u{202e}b\\u{200b}c d\\u{7}')
})

test('words of many languages and emoji stay as they are', () => {
  const text = 'naïve 漢字 हिन्दी العربية ⚠️ über'
  expect(prose(text)).toBe(text)
})

test('an underscore inside a word stays bare', () => {
  expect(prose('roc_auc is 0.7, _x_')).toBe('roc_auc is 0.7, \\_x\\_')
})

test('long text is cut between characters and says how much is left out', () => {
  expect(visible('😀'.repeat(500), 10)).toBe(`${'😀'.repeat(10)}… (490 more)`)
  expect(visible('x'.repeat(12), 12)).toBe('x'.repeat(12))
})

test.each([
  `ghp_${'a1'.repeat(18)}`,
  `ghs_${'a1'.repeat(18)}`,
  `github_pat_${'a1_'.repeat(20)}`,
  `AKIA${'A1'.repeat(8)}`,
  `eyJ${'hb'.repeat(9)}.eyJ${'zd'.repeat(9)}.${'Sf'.repeat(9)}`
])('a token %s is not repeated, even where the text is cut', token => {
  expect(visible(`got ${token}, refused`)).toBe('got [secret], refused')
  expect(visible(`got ${token}, refused`, 20)).not.toContain(token.slice(0, 12))
})
