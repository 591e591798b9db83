import {CONFIG, EVIDENCE, gates, JUDGE, modelReference, number, path, paths, REGISTRY, text, words} from '#shared/inputs'

export const inputs = {
  data: paths({required: true}),
  model: path(),
  label: text(),
  contract: path(),
  monotone: words(),
  champion: modelReference({default: {kind: 'named', name: 'champion'}}),
  gates: gates({
    default: ['unloadable == 0', 'nondeterminism <= 1e-5', 'invalid_outputs == 0', 'flip_rate(noise) <= 5%']
  }),
  threshold: number({min: 0, max: 1, default: 0.5}),
  key: text(),
  sensitive: words(),
  ...JUDGE,
  ...REGISTRY,
  ...EVIDENCE,
  ...CONFIG
}
