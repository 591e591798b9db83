export {betaCdf, betaQuantile, lnBeta, lnBetaCdf, lnBetaSf} from './beta.js'
export {chiSquareSf, gammaQ, lnGamma} from './gamma.js'
export {normalCdf, normalQuantile} from './normal.js'
export {tCdf, tQuantile} from './student.js'
