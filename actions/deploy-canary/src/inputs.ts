import {CONFIG, flag, REGISTRY, ROLLOUT, registryAddress, secret, text} from '#shared/inputs'

export const inputs = {
  endpoint: text({required: true, variable: 'TRAINYARD_ENDPOINT', judges: 'any-change'}),
  'endpoint-token': secret({variable: 'TRAINYARD_ENDPOINT_TOKEN'}),
  name: text({required: true, judges: 'any-change'}),
  registry: registryAddress({required: true, variable: 'TRAINYARD_REGISTRY', judges: 'any-change'}),
  version: text({default: 'candidate'}),
  gates: ROLLOUT.gates,
  telemetry: text({judges: 'any-change'}),
  steps: ROLLOUT.steps,
  'minimum-requests': ROLLOUT['minimum-requests'],
  deadline: ROLLOUT.deadline,
  mode: ROLLOUT.mode,
  'on-inconclusive': ROLLOUT['on-inconclusive'],
  'require-approval': flag({default: false, judges: 'true-is-stricter'}),
  environment: text({judges: 'any-change-once-given'}),
  'approver-is-not-author': flag({default: false, judges: 'true-is-stricter'}),
  reconcile: flag({default: false}),
  'github-token': REGISTRY['github-token'],
  ...CONFIG
}
