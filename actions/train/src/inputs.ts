import {CONFIG, duration, path, paths, REGISTRY, text, words} from '#shared/inputs'

export const inputs = {
  command: text({required: true}),
  model: path({required: true}),
  data: paths({judges: 'any-change'}),
  metrics: path(),
  history: path(),
  parameters: path(),
  timeout: duration(),
  reuse: words(),
  ...REGISTRY,
  ...CONFIG
}
