import {account, perFake, REPO, REPOSITORY, type Route, refusal} from './route.js'

export interface FakeReview {
  readonly environment: string
  readonly state: 'approved' | 'rejected' | 'pending'
  readonly by: string
  readonly comment: string
}

/** Reviews by the id of their run, and reviewers by the name of their environment. */
export const reviewsOf = perFake(() => ({
  reviews: new Map<string, FakeReview[]>(),
  environments: new Map<string, readonly string[]>()
}))

/** Environments, and who approved what waited for them. */
export const reviewRoutes: readonly Route[] = [
  {
    on: `GET ${REPO}/actions/runs/{run}/approvals`,
    needs: 'actions: read',
    answer: (fake, {at}) => ({
      status: 200,
      body: (reviewsOf(fake).reviews.get(at.run) ?? []).map(({environment, state, by, comment}) => ({
        state,
        comment,
        environments: [shown(fake.url, environment)],
        user: account(fake.url, by)
      }))
    })
  },
  {
    on: `GET ${REPO}/environments/{environment}`,
    needs: 'actions: read',
    answer: (fake, {at}) => {
      const {environments} = reviewsOf(fake)
      // Names of environments are not case-sensitive.
      const name = [...environments.keys()].find(one => one.toLowerCase() === at.environment.toLowerCase())
      if (name === undefined) return refusal(404, 'Not Found')
      return {status: 200, body: {...shown(fake.url, name), ...rules(fake.url, environments.get(name) ?? [])}}
    }
  }
]

function rules(url: string, reviewers: readonly string[]): object {
  const waiting = {id: 1, node_id: 'GR_1', type: 'branch_policy'}
  const required = {
    id: 2,
    node_id: 'GR_2',
    type: 'required_reviewers',
    prevent_self_review: false,
    reviewers: reviewers.map(login => ({type: 'User', reviewer: account(url, login)}))
  }
  return {
    protection_rules: reviewers.length === 0 ? [waiting] : [waiting, required],
    deployment_branch_policy: {protected_branches: true, custom_branch_policies: false}
  }
}

function shown(url: string, name: string): object {
  return {
    id: 161_088_068,
    node_id: 'EN_kwDOABCD',
    name,
    url: `${url}${REPO}/environments/${encodeURIComponent(name)}`,
    html_url: `https://github.com/${REPOSITORY}/deployments/activity_log?environments_filter=${encodeURIComponent(name)}`,
    created_at: '2026-10-01T08:00:00Z',
    updated_at: '2026-10-01T08:00:00Z'
  }
}
