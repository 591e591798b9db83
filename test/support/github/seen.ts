import {fieldOf, type Route} from './route.js'

/** For tests whose fake runs in another process: what was asked and what did not fit; and the wishes of a test. */
export const seenRoutes: readonly Route[] = [
  {on: 'GET /_/seen', outside: true, answer: ({requests, misfits}) => ({status: 200, body: {requests, misfits}})},
  {
    on: 'POST /_/wishes',
    outside: true,
    answer: (fake, {body}) => {
      const permissions = fieldOf(body, 'permissions')
      if (typeof permissions === 'object' && permissions !== null) fake.permissions = permissions as FakePermissions
      if (fieldOf(body, 'anew') === true) fake.state = {}
      return {status: 204}
    }
  }
]

type FakePermissions = Readonly<Record<string, 'read' | 'write'>>
