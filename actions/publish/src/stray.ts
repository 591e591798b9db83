interface TreeFile {
  readonly path: string
  readonly size: number
  readonly sha256: string
}

const MOST_FILES = 2000

/** The one file without which a folder has the expected tree digest; undefined when there is no such file. */
export function strayFile(
  files: readonly TreeFile[],
  expected: string,
  digestOfTree: (files: readonly TreeFile[]) => string
): TreeFile | undefined {
  if (files.length < 2 || files.length > MOST_FILES) return undefined
  return files.find(stray => digestOfTree(files.filter(file => file !== stray)) === expected)
}
