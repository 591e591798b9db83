import {asked, unlessGone} from './answers.js'
import {ApiError, isRecord} from './api-error.js'
import {type Access, coordinates, openClient} from './client.js'

export interface FileAtCommit {
  /** absent: larger than GitHub sends along, 1 MB */
  readonly text?: string
  /** git's SHA-1 of the blob */
  readonly blob: string
}

/** Files of a repository at a commit, through GitHub's REST API; they need `contents: read`. Everything throws ApiError. */
export interface Contents {
  /** null: the commit has no such file */
  file(path: string, sha: string): Promise<FileAtCommit | null>
}

export function openContents(access: Access): Contents {
  const {rest} = openClient(access)
  const repository = coordinates(access.repository)
  return {
    file: async (path, sha) => {
      const answer = await unlessGone(rest.repos.getContent({...repository, path, ref: sha}))
      if (answer !== undefined) return parseFile(answer.data, path)
      // What a token may not see is not found either: the commit itself tells the two apart.
      await asked(rest.repos.listCommits({...repository, sha, per_page: 1}))
      return null
    }
  }
}

function parseFile(data: unknown, path: string): FileAtCommit {
  if (!isRecord(data) || data.type !== 'file' || typeof data.sha !== 'string') throw new ApiError(`${path} is no file there`)
  const whole = data.encoding === 'base64' && typeof data.content === 'string'
  return {blob: data.sha, ...(whole && {text: Buffer.from(String(data.content), 'base64').toString('utf8')})}
}
