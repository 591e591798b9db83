import {sha256File, writeAtomic} from '#shared/files'

const [verb, path] = process.argv.slice(2)
const work = verb === 'hash' ? sha256File(path) : writeAtomic(path, 'x'.repeat(1 << 20))
await work.then(
  () => console.log('done'),
  error => console.log(error.message)
)
