import {BaseSequencer, type TestSpecification} from 'vitest/node'

/** Files that take longest, on two cores: whole runs, and races of processes. Begun last, one of them would keep one worker while the other idles. */
const LONGEST = [
  'peers/registry-github.peer',
  'peers/s3.peer',
  'peers/act.peer',
  'pipelines/start',
  'actions/deploy-canary/kill-matrix',
  'shared/registry/race-folder',
  'shared/registry/race-github',
  'scenarios/pipeline',
  'actions/publish/publish',
  'runner-images/gpu-runner/job',
  'actions/report/report',
  'pipelines/endings',
  'actions/train/cache',
  'actions/report/workflow-run'
].map(name => `test/${name}.test.ts`)

/** In a fresh clone vitest knows no durations and begins with what has most bytes. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({moduleId}: TestSpecification) => {
      const at = LONGEST.findIndex(path => moduleId.endsWith(path))
      return at === -1 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}
