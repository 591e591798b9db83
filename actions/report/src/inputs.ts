import {CONFIG, choice, EVIDENCE, secret, text, words} from '#shared/inputs'

export const inputs = {
  title: text(),
  name: text(),
  require: words({default: ['evaluate']}),
  comment: choice(['auto', 'never'], {default: 'auto'}),
  'github-token': secret(),
  ...EVIDENCE,
  ...CONFIG
}
