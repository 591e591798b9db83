import {createHash} from 'node:crypto'
import {perFake, REPO, REPOSITORY, type Route, refusal} from './route.js'

/** Texts of files by `<sha>:<path>`. */
export const filesOf = perFake(() => new Map<string, string>())

/** Files at a commit. */
export const contentRoutes: readonly Route[] = [
  {
    on: `GET ${REPO}/contents/{path+}`,
    needs: 'contents: read',
    answer: (fake, {at: {path}, query}) => {
      const text = filesOf(fake).get(`${query.get('ref')}:${path}`)
      if (text === undefined) return refusal(404, 'Not Found')
      const sha = createHash('sha1')
        .update(`blob ${Buffer.byteLength(text)}\0${text}`)
        .digest('hex')
      const here = `${fake.url}${REPO}/contents/${path}?ref=${query.get('ref')}`
      const large = Buffer.byteLength(text) > 1_000_000
      return {
        status: 200,
        body: {
          type: 'file',
          encoding: large ? 'none' : 'base64',
          size: Buffer.byteLength(text),
          name: path.split('/').at(-1),
          path,
          content: large
            ? ''
            : Buffer.from(text)
                .toString('base64')
                .replace(/(.{60})/g, '$1\n'),
          sha,
          url: here,
          git_url: `${fake.url}${REPO}/git/blobs/${sha}`,
          html_url: `https://github.com/${REPOSITORY}/blob/main/${path}`,
          download_url: `https://raw.githubusercontent.com/${REPOSITORY}/main/${path}`,
          _links: {self: here, git: here, html: here}
        }
      }
    }
  }
]
