import {UserError} from '#shared/errors'
import type {Registry} from '#shared/registry/registry'
import type {Release} from './rollout.js'

/** The version that an alias or a version names. Throws UserError when there is none, or when nothing vouches for it. */
export async function resolveCandidate(
  registry: Pick<Registry, 'resolve' | 'manifest' | 'address'>,
  name: string,
  wanted: string
): Promise<Release> {
  const found = await registry.resolve(name, wanted)
  if (found === null) {
    throw new UserError(`version ${wanted}: there is no such alias or version of ${name} in ${registry.address}`, {
      hint: 'Publish the model first; version: ${{ needs.publish.outputs.version }} names the one of this run.'
    })
  }
  const {version, digest, evidence} = await registry.manifest(name, found.version)
  if (digest !== found.digest) {
    throw new UserError(`${wanted} of ${name}: points at ${version} with digest ${found.digest}, whose manifest says ${digest}`, {
      hint: 'The registry was changed by hand: publish the model again.'
    })
  }
  if (evidence.length > 0) return {version, digest}
  throw new UserError(`${name} ${version}: the registry holds no evidence with it, so nothing vouches for it`, {
    hint: 'Publish it with the action publish, which keeps the evidence that it required.'
  })
}

/** Names of the newest versions by digest, for messages. */
export async function versionNames(
  registry: Pick<Registry, 'versions' | 'manifest' | 'metered'>,
  name: string
): Promise<ReadonlyMap<string, string>> {
  const versions = (await registry.versions(name)).slice(0, registry.metered ? 3 : 10)
  const manifests = await Promise.all(versions.map(version => registry.manifest(name, version)))
  return new Map(manifests.reverse().map(({version, digest}) => [digest, version]))
}
