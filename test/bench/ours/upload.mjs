// Sends a file as publish does: node upload.mjs file sha256 bytes address
// As the peer's clock starts after its import.
import '@aws-sdk/client-s3'
import {fileBlob, sendBlob} from '../../../build/shared/registry/blobs.js'
import {s3Stores} from '../../../build/shared/registry/s3.js'

const [file, sha256, size, address] = process.argv.slice(2)
const {blobs} = s3Stores(address, {env: process.env, random: Math.random})
const start = performance.now()
const place = await sendBlob(blobs, fileBlob(file, {sha256, size: Number(size)}), {name: 'bench', version: 'v1'})
const seconds = (performance.now() - start) / 1000
const vouched = await blobs.vouches(place, sha256, Number(size))
await blobs.delete(place)
console.log(JSON.stringify({seconds, vouched}))
