import {expect, test} from 'vitest'
import {parseLogEntry} from '#shared/registry/log'
import {folderRegistry, publicationOf} from '../../support/registry.js'

const APPROVALS = [
  {environment: 'production', by: 'grace', comment: 'recall of the small groups looked at'},
  {environment: 'production', by: 'linus', comment: ''}
]

test('who approved a move stands in the alias and in the log; where nobody was asked nothing does', async () => {
  const {registry, work, stores} = await folderRegistry()
  const {version, digest} = await registry.publish(await publicationOf(work, 'one', {alias: 'candidate'}))
  await registry.moveAlias({name: 'wages', alias: 'champion', version, digest, reason: 'canary', approvals: APPROVALS})
  const log = await registry.log('wages')
  expect(log.map(({event, approvals}) => [event, approvals])).toEqual([
    ['registered', undefined],
    ['moved', undefined],
    ['promoted', APPROVALS]
  ])
  const alias = await stores.objects.get('models/wages/aliases/champion.json')
  expect(JSON.parse(String(alias?.bytes))).toMatchObject({version, approvals: APPROVALS})
})

test('approvals that are torn are said with their place', async () => {
  const {registry, work, stores} = await folderRegistry()
  await registry.publish(await publicationOf(work, 'one'))
  const [key] = await stores.objects.list('models/wages/log/')
  const entry = JSON.parse(String((await stores.objects.get(key))?.bytes))
  const torn = Buffer.from(JSON.stringify({...entry, approvals: [{environment: 'production', by: 3, comment: ''}]}))
  expect(() => parseLogEntry(key, torn)).toThrow('by: expected text')
})
