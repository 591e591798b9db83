import type {FileHandle} from 'node:fs/promises'
import type {FileSystem} from '#shared/registry/durable'

/** A file system that calls `before` ahead of every call that changes the disk, counted from 1; what `before` throws is what the call throws. */
export function watchedFileSystem(fs: FileSystem, before: (call: number, what: string) => void): FileSystem {
  let calls = 0
  const watch = (what: string): void => before(++calls, what)
  const watched =
    <A extends unknown[], R>(name: string, call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      watch(`${name} ${String(given[name === 'link' || name === 'rename' ? 1 : 0])}`)
      return await call(...given)
    }
  const open: FileSystem['open'] = async (path, flags, mode) => {
    if (flags === 'wx') watch(`open ${path}`)
    return watchedFile(await fs.open(path, flags, mode), String(path), watch)
  }
  return {
    ...fs,
    open,
    link: watched('link', fs.link),
    rename: watched('rename', fs.rename),
    unlink: watched('unlink', fs.unlink),
    mkdir: ((path: string, options: {recursive: true}) => {
      watch(`mkdir ${path}`)
      return fs.mkdir(path, options)
    }) as FileSystem['mkdir']
  }
}

function watchedFile(file: FileHandle, path: string, watch: (what: string) => void): FileHandle {
  const writeFile = file.writeFile.bind(file)
  const sync = file.sync.bind(file)
  return Object.assign(file, {
    writeFile: async (...given: Parameters<FileHandle['writeFile']>) => {
      watch(`write ${path}`)
      await writeFile(...given)
    },
    sync: async () => {
      watch(`sync ${path}`)
      await sync()
    }
  })
}
