import {account, REPO, REPOSITORY} from './route.js'

const ADDRESSES = [
  'archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks',
  'git_commits git_refs git_tags hooks html issue_comment issue_events issues keys labels languages merges milestones notifications pulls',
  'releases stargazers statuses subscribers subscription tags teams trees clone git ssh svn'
]
  .join(' ')
  .split(' ')
const COUNTS = ['forks', 'forks_count', 'open_issues', 'open_issues_count', 'size', 'stargazers_count', 'watchers', 'watchers_count']
const FLAGS = ['private', 'fork', 'has_downloads', 'has_issues', 'has_projects', 'has_wiki', 'has_pages', 'archived', 'disabled']
const NOTHING = ['description', 'homepage', 'language', 'mirror_url', 'license', 'pushed_at', 'created_at', 'updated_at']

/** The repository as the API shows it in other things. */
export function shownRepository(url: string): object {
  const [owner, name] = REPOSITORY.split('/')
  return {
    ...Object.fromEntries(ADDRESSES.map(one => [`${one}_url`, `${url}${REPO}/${one}`])),
    ...Object.fromEntries(COUNTS.map(one => [one, 0])),
    ...Object.fromEntries(FLAGS.map(one => [one, false])),
    ...Object.fromEntries(NOTHING.map(one => [one, null])),
    url: `${url}${REPO}`,
    id: 1296269,
    node_id: 'R_1',
    name,
    full_name: REPOSITORY,
    owner: account(url, owner),
    default_branch: 'main'
  }
}
