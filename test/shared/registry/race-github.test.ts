import {githubRaces} from '../../support/registry-github.js'

// 200 rounds, with every request and answer held to GitHub's description, run in test/peers.
githubRaces(25)
