import {CONFIG, gates, JUDGE, number, path, paths} from '#shared/inputs'

export const inputs = {
  data: paths({required: true}),
  contract: path(),
  gates: gates(),
  reference: path(),
  'show-rows': number({min: 0, max: 10, whole: true, default: 0}),
  ...JUDGE,
  ...CONFIG
}
