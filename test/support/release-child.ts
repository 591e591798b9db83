import {createReadStream} from 'node:fs'
import {openReleases} from '#shared/github/releases'

/** Sends a large file and takes one back, and says how much memory that took: `node program.js <url> <file> <bytes>`. */
const [url, file, bytes] = process.argv.slice(2)
const releases = openReleases({apiUrl: url, token: 't', repository: 'o/w', fetch, paced: false})
let peak = 0
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss)
}, 10).unref()
const stream = createReadStream(file, {highWaterMark: 1 << 20})
const {size} = await releases.upload({uploadUrl: `${url}/upload`}, {name: 'x', size: Number(bytes), stream})
let taken = 0
for await (const chunk of (await releases.download(5)) ?? []) taken += chunk.length
process.stdout.write(JSON.stringify({size, taken, peakMb: peak / 2 ** 20}))
