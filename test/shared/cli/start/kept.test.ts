import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {keepReport, renderKept} from '#shared/cli/start/kept'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kept-'))
})
afterEach(() => rmSync(folder, {recursive: true}))

/** A step of `report` that wrote this text. */
function reported(text: string) {
  const outputs = {page: join(folder, `${text}.html`), markdown: join(folder, `${text}.md`)}
  for (const path of Object.values(outputs)) writeFileSync(path, text)
  return {outputs}
}

const read = (name: string) => readFileSync(join(folder, name), 'utf8')

test('the comment that lies there is the pull request’s, also after its merge; the page is that of the last run', () => {
  expect(keepReport('push', [reported('first')], folder)).toEqual({page: join(folder, 'report.html')})
  expect(existsSync(join(folder, 'comment.md'))).toBe(false)
  keepReport('pull_request', [{outputs: {}}, reported('pull'), {outputs: {}}], folder)
  keepReport('push', [reported('merge')], folder)
  expect([read('report.html'), read('comment.md')]).toEqual(['merge', 'pull'])
  expect(keepReport('push', [{outputs: {}}], folder)).toEqual({})
})

test('the last lines name both files, and say when the page is of an earlier run', () => {
  const push = {title: 'push', ...keepReport('push', [reported('first')], folder)}
  const pull = {title: 'pull request', ...keepReport('pull_request', [reported('pull')], folder)}
  expect(renderKept([push, pull], basename)).toEqual(['Page: report.html', 'Comment on the pull request: comment.md'])
  expect(renderKept([push, {title: 'pull request'}], basename)).toEqual(['Page: report.html, of push: the last run wrote none'])
  expect(renderKept([{title: 'push'}], basename)).toEqual([])
})
