import {CONFIG, choice, duration, flag, gates, number, REGISTRY, registryAddress, secret, text, words} from '#shared/inputs'

export const inputs = {
  endpoint: text({required: true, variable: 'TRAINYARD_ENDPOINT'}),
  'endpoint-token': secret({variable: 'TRAINYARD_ENDPOINT_TOKEN'}),
  name: text({required: true}),
  registry: registryAddress({required: true, variable: 'TRAINYARD_REGISTRY'}),
  version: text({default: 'candidate'}),
  gates: gates({default: ['error_rate <= stable']}),
  telemetry: text(),
  steps: words({default: ['5%', '25%', '50%']}),
  'minimum-requests': number({min: 1, max: 1e9, whole: true, default: 500}),
  deadline: duration({default: 30 * 60_000}),
  mode: choice(['enforce', 'observe'], {default: 'enforce'}),
  'on-inconclusive': choice(['estimate', 'warn', 'fail'], {default: 'warn'}),
  'require-approval': flag({default: false}),
  environment: text(),
  'approver-is-not-author': flag({default: false}),
  reconcile: flag({default: false}),
  'github-token': REGISTRY['github-token'],
  ...CONFIG
}
