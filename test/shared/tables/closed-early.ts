// Opens tables whose rows are held, and closes each while they are copied.
import {openTable} from '#shared/tables/table'

const cwd = process.cwd()
for (let round = 0; round < 5; round++) {
  const table = await openTable({paths: ['exam.csv'], cwd, limits: {tempDir: cwd}, predictions: cwd})
  table.close()
  table.close()
  const asked = await table.fetch(['a']).then(
    () => 'answered',
    () => 'refused'
  )
  console.log(asked)
}
