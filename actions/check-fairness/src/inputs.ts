import {CHAMPION, CONFIG, EVIDENCE, gates, JUDGE, number, path, paths, REGISTRY, THRESHOLD, text, words} from '#shared/inputs'

export const inputs = {
  sensitive: words({required: true, judges: 'each-entry'}),
  gates: gates({required: true}),
  'minimum-group': number({min: 2, whole: true, default: 30, judges: 'lower-is-stricter'}),
  predictions: path({judges: 'any-change'}),
  model: path({judges: 'any-change'}),
  data: paths({judges: 'any-change'}),
  label: text({required: true, judges: 'any-change'}),
  key: text({judges: 'any-change'}),
  positive: text({judges: 'any-change'}),
  ...THRESHOLD,
  ...CHAMPION,
  ...JUDGE,
  ...REGISTRY,
  ...EVIDENCE,
  ...CONFIG
}
