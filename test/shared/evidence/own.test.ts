import {appendFileSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {noteEvidence, removeForeign} from '#shared/evidence/own'

/** The folder of a job named judge, with these files in it. */
function openJob(...names: readonly string[]) {
  const temp = mkdtempSync(join(tmpdir(), 'own-'))
  const own = {outDir: join(temp, 'trainyard', 'judge'), listFile: join(temp, 'list.txt')}
  mkdirSync(own.outDir, {recursive: true})
  const put = (name: string, text = '{}') => writeFileSync(join(own.outDir, name), text)
  for (const name of names) put(name)
  return {own, put, note: (name: string) => noteEvidence(own, join(own.outDir, name)), list: () => readdirSync(own.outDir).sort()}
}

test('what its own actions wrote stays, and so does what is no evidence', async () => {
  const job = openJob('evaluate-0123456789ab.json', 'predictions-0123456789ab.parquet', 'notes.json')
  await job.note('evaluate-0123456789ab.json')
  await removeForeign(job.own)
  expect(job.list()).toEqual(['evaluate-0123456789ab.json', 'notes.json', 'predictions-0123456789ab.parquet'])
})

test.each([
  ['came beside its own', ['evaluate-0123456789ab.json'], (job: ReturnType<typeof openJob>) => job.put('check-fairness-0123456789ab.json')],
  ['was there before any', [], (job: ReturnType<typeof openJob>) => job.put('check-fairness-0123456789ab.json')],
  [
    'bears the name of its own with other bytes',
    ['check-fairness-0123456789ab.json'],
    (job: ReturnType<typeof openJob>) => job.put('check-fairness-0123456789ab.json', '{"forged": true}')
  ]
])('evidence that %s is removed and named', async (_, written, plant) => {
  const job = openJob(...written)
  for (const name of written) await job.note(name)
  plant(job)
  await expect(removeForeign(job.own)).rejects.toThrow(
    'held evidence that no action of this job wrote, which was removed: check-fairness-0123456789ab.json'
  )
  expect(job.list()).toEqual(written.filter(name => name.startsWith('evaluate')))
  await removeForeign(job.own)
})

test('a list that lies among what is downloaded vouches for nothing', async () => {
  const job = openJob('evaluate-0123456789ab.json')
  await job.note('evaluate-0123456789ab.json')
  job.put('list.txt')
  job.put('check-fairness-0123456789ab.json')
  appendFileSync(join(job.own.outDir, 'list.txt'), 'check-fairness-0123456789ab.json')
  await expect(removeForeign(job.own)).rejects.toThrow('check-fairness')
  expect(job.list()).toContain('evaluate-0123456789ab.json')
})
