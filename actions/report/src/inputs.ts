import {CONFIG, choice, EVIDENCE, secret, text, words} from '#shared/inputs'

export const inputs = {
  title: text(),
  name: text({section: 'publish'}),
  require: words({default: ['evaluate'], section: 'publish', judges: 'each-entry'}),
  comment: choice(['auto', 'never'], {default: 'auto'}),
  'github-token': secret(),
  ...EVIDENCE,
  ...CONFIG
}
