import {CONFIG, EVIDENCE, gates, JUDGE, modelReference, number, path, paths, REGISTRY, text, words} from '#shared/inputs'

export const inputs = {
  sensitive: words({required: true}),
  gates: gates({required: true}),
  'minimum-group': number({min: 2, whole: true, default: 30}),
  predictions: path(),
  model: path(),
  data: paths(),
  label: text({required: true}),
  key: text(),
  positive: text(),
  threshold: number({min: 0, max: 1, default: 0.5}),
  champion: modelReference({default: {kind: 'named', name: 'champion'}}),
  ...JUDGE,
  ...REGISTRY,
  ...EVIDENCE,
  ...CONFIG
}
