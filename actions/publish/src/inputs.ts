import {CONFIG, choice, EVIDENCE, flag, path, REGISTRY, registryAddress, text, words} from '#shared/inputs'

export const inputs = {
  name: text({required: true}),
  registry: registryAddress({required: true, variable: 'TRAINYARD_REGISTRY'}),
  model: path(),
  require: words({default: ['evaluate']}),
  version: text(),
  alias: text({default: 'candidate'}),
  'keep-data': flag({default: false}),
  isolation: choice(['job', 'none'], {default: 'job'}),
  ...EVIDENCE,
  ...CONFIG,
  'github-token': REGISTRY['github-token']
}
