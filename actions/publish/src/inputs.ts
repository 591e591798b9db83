import {CONFIG, choice, EVIDENCE, flag, path, REGISTRY, registryAddress, text, words} from '#shared/inputs'

export const inputs = {
  name: text({required: true, judges: 'any-change'}),
  registry: registryAddress({required: true, variable: 'TRAINYARD_REGISTRY', judges: 'any-change'}),
  model: path({judges: 'any-change'}),
  require: words({default: ['evaluate'], judges: 'each-entry'}),
  version: text(),
  alias: text({default: 'candidate', judges: 'any-change'}),
  'keep-data': flag({default: false}),
  isolation: choice(['job', 'none'], {default: 'job', judges: ['none', 'job']}),
  ...EVIDENCE,
  ...CONFIG,
  'github-token': REGISTRY['github-token']
}
