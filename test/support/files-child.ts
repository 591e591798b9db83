import {sha256File, writeAtomic} from '#shared/files'
import {keepModel} from '#shared/training/kept-model'

const [verb, path, folder = ''] = process.argv.slice(2)
const works: Readonly<Record<string, () => Promise<unknown>>> = {
  hash: () => sha256File(path),
  write: () => writeAtomic(path, 'x'.repeat(1 << 20)),
  keep: () => keepModel(path, folder)
}
await works[verb]().then(
  () => console.log('done'),
  error => console.log(error.name === 'UserError' ? error.message : error.stack)
)
