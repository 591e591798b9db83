import {ownFake} from '../../support/github/own.js'
import {registryProtocol} from '../../support/registry-protocol.js'

registryProtocol('github', async () => ({kind: 'github', url: (await ownFake()).url}))
