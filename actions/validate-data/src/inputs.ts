import {CONFIG, dataReference, gates, JUDGE, number, path, paths, REGISTRY} from '#shared/inputs'

export const inputs = {
  data: paths({required: true, judges: 'any-change'}),
  contract: path({judges: 'contents'}),
  gates: gates(),
  reference: dataReference({judges: 'any-change-once-given'}),
  'show-rows': number({min: 0, max: 10, whole: true, default: 0}),
  ...JUDGE,
  ...REGISTRY,
  ...CONFIG
}
