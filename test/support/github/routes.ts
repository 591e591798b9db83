import {commentRoutes} from './comments.js'
import {commitPullRoutes} from './commit-pulls.js'
import {contentRoutes} from './contents.js'
import {gitRoutes} from './git.js'
import {historyRoutes} from './history.js'
import {pullRoutes} from './pulls.js'
import {releaseRoutes} from './releases.js'
import {reviewRoutes} from './reviews.js'
import type {Route} from './route.js'
import {runnerRoutes} from './runners.js'
import {seenRoutes} from './seen.js'

/** Every topic of the API that the fake knows, a line each. */
export const ROUTES: readonly Route[] = [
  ...gitRoutes,
  ...commentRoutes,
  ...reviewRoutes,
  ...historyRoutes,
  ...commitPullRoutes,
  ...contentRoutes,
  ...pullRoutes,
  ...releaseRoutes,
  ...runnerRoutes,
  ...seenRoutes
]
