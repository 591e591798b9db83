/** Recognises by their first bytes what is often found where a model is expected, and is none that we run. */

interface Format {
  readonly title: string
  readonly hint: string
  readonly matches: (head: Buffer) => boolean
}

const EXPORT = 'Export the model to ONNX in the training code, and name that file.'
const PICKLE = 'A pickle runs code when it is read, so it is never opened. Export the model to ONNX (skl2onnx, torch.onnx.export).'

const FORMATS: readonly Format[] = [
  {title: 'empty (0 bytes)', hint: 'See that the training command ended well and wrote the model.', matches: head => head.length === 0},
  {
    title: 'a pointer of Git LFS, not the model',
    hint: 'Check out with lfs: true.',
    matches: head => startsWith(head, 'version https://git-lfs')
  },
  {title: 'a pickle', hint: PICKLE, matches: isPickle},
  {title: 'a zip archive (as of PyTorch, which holds a pickle)', hint: PICKLE, matches: head => startsWith(head, 'PK')},
  {title: 'compressed with gzip', hint: 'Unpack it first.', matches: head => head[0] === 0x1f && head[1] === 0x8b},
  {title: 'an HDF5 file (as of Keras)', hint: EXPORT, matches: head => startsWith(head.subarray(1), 'HDF')},
  {title: 'a GGUF file', hint: EXPORT, matches: head => startsWith(head, 'GGUF')},
  {title: 'a TensorFlow Lite file', hint: EXPORT, matches: head => startsWith(head.subarray(4), 'TFL3')},
  {title: 'an ORT file', hint: 'Name the ONNX file that it was made from.', matches: head => startsWith(head.subarray(4), 'ORTM')},
  {title: 'a safetensors file', hint: EXPORT, matches: head => head.length > 9 && head[8] === 0x7b && head.readUInt32LE(4) === 0},
  {
    title: 'an HTML page',
    hint: 'A download gave an error page instead of the model: fetch it anew.',
    matches: head => /^(\uFEFF)?\s*<(!doctype|html|head|body|\?xml)/i.test(head.toString('utf8'))
  },
  {
    title: 'ONNX as text (text proto)',
    hint: 'Save it in the binary form: onnx.save(model, path).',
    matches: head => isText(head) && /^\s*(#.*\s+)*(ir_version|graph|opset_import|producer_name)\s*[:{]/.test(head.toString('utf8'))
  },
  {title: 'text', hint: EXPORT, matches: isText}
]

/** What the bytes are when they are no ONNX model, with a hint how to mend it; undefined when they may be one. */
export function recogniseForeign(bytes: Buffer): {readonly title: string; readonly hint: string} | undefined {
  const head = bytes.subarray(0, 512)
  return FORMATS.find(format => format.matches(head))
}

function startsWith(head: Buffer, text: string): boolean {
  return head.subarray(0, text.length).toString('latin1') === text
}

/** Protocol 2 and later begin with PROTO; protocols 0 and 1 with a mark, a global or a container. */
function isPickle(head: Buffer): boolean {
  if (head[0] === 0x80 && head[1] >= 1 && head[1] <= 9) return true
  return /^(\(?c[\w.]+\n[\w.]+\n|\([ildp][\d\n]|\(lp|\(dp|\]q|\}q)/.test(head.toString('latin1'))
}

function isText(head: Buffer): boolean {
  return head.length > 0 && !/[^\t\n\r\x20-\uFFFC]/.test(head.toString('utf8').replace(/\uFFFD+$/, ''))
}
