import {Counter, collectDefaultMetrics, Histogram, Registry} from 'prom-client'

const BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What is counted of one version. */
export interface VersionCounter {
  /** one answered request: how long it took, and whether the model failed */
  count(seconds: number, failed: boolean): void
}

export interface Counters {
  /** makes the version's series, at 0: no traffic is not the same as no series */
  of(version: string): VersionCounter
  drop(version: string): void
  readonly contentType: string
  text(): Promise<string>
}

/** `requests_total`, `errors_total` and the histogram `request_seconds`, by `version`; and the process's own figures. */
export function counters(): Counters {
  const registry = new Registry()
  const shared = {labelNames: ['version'] as const, registers: [registry]}
  const requests = new Counter({name: 'requests_total', help: 'Predictions asked of a version.', ...shared})
  const errors = new Counter({name: 'errors_total', help: 'Predictions that the model of a version failed.', ...shared})
  const seconds = new Histogram({
    name: 'request_seconds',
    help: 'Seconds from the whole request to its answer.',
    buckets: BUCKETS_S,
    ...shared
  })
  collectDefaultMetrics({register: registry})
  return {
    of: version => {
      const [request, error, second] = [requests.labels({version}), errors.labels({version}), seconds.labels({version})]
      request.inc(0)
      error.inc(0)
      seconds.zero({version})
      return {
        count: (took, failed) => {
          request.inc()
          if (failed) error.inc()
          second.observe(took)
        }
      }
    },
    drop: version => {
      for (const metric of [requests, errors, seconds]) metric.remove({version})
    },
    contentType: registry.contentType,
    text: () => registry.metrics()
  }
}
