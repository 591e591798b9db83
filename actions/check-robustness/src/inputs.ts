import {CHAMPION, CONFIG, EVIDENCE, gates, JUDGE, path, paths, REGISTRY, THRESHOLD, text, words} from '#shared/inputs'

export const inputs = {
  data: paths({required: true, judges: 'any-change'}),
  model: path({judges: 'any-change'}),
  label: text({judges: 'any-change'}),
  contract: path({judges: 'contents'}),
  monotone: words({judges: 'each-entry'}),
  ...CHAMPION,
  gates: gates({
    default: ['unloadable == 0', 'nondeterminism <= 1e-5', 'invalid_outputs == 0', 'flip_rate(noise) <= 5%']
  }),
  ...THRESHOLD,
  key: text({judges: 'any-change'}),
  sensitive: words(),
  ...JUDGE,
  ...REGISTRY,
  ...EVIDENCE,
  ...CONFIG
}
