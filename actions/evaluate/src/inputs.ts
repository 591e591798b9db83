import {CHAMPION, CONFIG, EVIDENCE, gates, JUDGE, path, paths, REGISTRY, THRESHOLD, text, words} from '#shared/inputs'

export const inputs = {
  data: paths({judges: 'any-change'}),
  label: text({required: true, judges: 'any-change'}),
  gates: gates({required: true}),
  model: path({judges: 'any-change'}),
  predictions: path({judges: 'any-change'}),
  ...CHAMPION,
  metrics: path({judges: 'any-change-once-given'}),
  key: text({judges: 'any-change'}),
  positive: text({judges: 'any-change'}),
  ...THRESHOLD,
  sensitive: words(),
  ...JUDGE,
  ...REGISTRY,
  ...EVIDENCE,
  ...CONFIG
}
