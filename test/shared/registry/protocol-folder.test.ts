import {join} from 'node:path'
import {temporaryFolder} from '../../support/registry.js'
import type {PlaceSpec} from '../../support/registry-places.js'
import {registryProtocol} from '../../support/registry-protocol.js'

const fresh = async (): Promise<PlaceSpec> => ({kind: 'folder', root: join(await temporaryFolder(), 'registry')})

registryProtocol('a folder', fresh)
