import {mkdtempSync, realpathSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** Gives all tests one temporary folder, which goes when they end. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'trainyard-tests-'))
  process.env.TMPDIR = folder
  return () => rmSync(folder, {recursive: true, force: true})
}
