import {main} from '../../runner-images/model-server/src/main.js'

process.exit(await main(process.argv.slice(2)))
