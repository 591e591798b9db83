/**
 * Makes text harmless to the runner, which obeys `::command::` at the start of a line, after what .NET takes for blanks (U+0085 is one, and JavaScript's
 * `\s` has it not), and `##[command]` anywhere in it: both are broken by a blank.
 */
export function inert(text: string): string {
  return text.replace(/^((?:[^\S\r\n]|\u0085)*):(?=:)/gm, '$1: ').replaceAll('##[', '## [')
}
