import {describe} from 'vitest'
import {redStarts} from '../support/start.js'

describe('npm start', () => redStarts('worse-model', 'biased-model'))
