import {CONFIG, flag, REGISTRY, ROLLOUT, registryAddress, secret, text} from '#shared/inputs'

export const inputs = {
  endpoint: text({required: true, variable: 'TRAINYARD_ENDPOINT'}),
  'endpoint-token': secret({variable: 'TRAINYARD_ENDPOINT_TOKEN'}),
  name: text({required: true}),
  registry: registryAddress({required: true, variable: 'TRAINYARD_REGISTRY'}),
  version: text({default: 'candidate'}),
  gates: ROLLOUT.gates,
  telemetry: text(),
  steps: ROLLOUT.steps,
  'minimum-requests': ROLLOUT['minimum-requests'],
  deadline: ROLLOUT.deadline,
  mode: ROLLOUT.mode,
  'on-inconclusive': ROLLOUT['on-inconclusive'],
  'require-approval': flag({default: false}),
  environment: text(),
  'approver-is-not-author': flag({default: false}),
  reconcile: flag({default: false}),
  'github-token': REGISTRY['github-token'],
  ...CONFIG
}
