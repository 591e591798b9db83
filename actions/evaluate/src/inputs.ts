import {CONFIG, EVIDENCE, gates, JUDGE, modelReference, number, path, paths, REGISTRY, text, words} from '#shared/inputs'

export const inputs = {
  data: paths(),
  label: text({required: true}),
  gates: gates({required: true}),
  model: path(),
  predictions: path(),
  champion: modelReference({default: {kind: 'named', name: 'champion'}}),
  metrics: path(),
  key: text(),
  positive: text(),
  threshold: number({min: 0, max: 1, default: 0.5}),
  sensitive: words(),
  ...JUDGE,
  ...REGISTRY,
  ...EVIDENCE,
  ...CONFIG
}
