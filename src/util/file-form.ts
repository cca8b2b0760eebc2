/** What a file is that is not what was hoped for, as far as its bytes tell. */
export interface FileForm {
  readonly id: string;
  /** In words, for messages: `a Git LFS pointer`. */
  readonly name: string;
}

/** First bytes by which other formats are known, and where they stand. */
const MAGIC: readonly (FileForm & { readonly at?: number; readonly bytes: string })[] = [
  { id: 'gzip', name: 'a gzip archive', bytes: '\x1f\x8b' },
  { id: 'bzip2', name: 'a bzip2 archive', bytes: 'BZh' },
  { id: 'xz', name: 'an xz archive', bytes: '\xfd7zXZ\x00' },
  { id: 'zstd', name: 'a zstd archive', bytes: '\x28\xb5\x2f\xfd' },
  { id: '7z', name: 'a 7z archive', bytes: '7z\xbc\xaf\x27\x1c' },
  { id: 'rar', name: 'a RAR archive', bytes: 'Rar!\x1a\x07' },
  { id: 'tar', name: 'a tar archive', at: 257, bytes: 'ustar' },
  { id: 'zip', name: 'a zip archive', bytes: 'PK\x03\x04' },
  { id: 'zip', name: 'an empty zip archive', bytes: 'PK\x05\x06' },
  { id: 'hdf5', name: 'an HDF5 file, as Keras writes them', bytes: '\x89HDF\r\n\x1a\n' },
  { id: 'numpy', name: 'an array of NumPy (.npy)', bytes: '\x93NUMPY' },
  { id: 'gguf', name: 'a GGUF file, as llama.cpp reads them', bytes: 'GGUF' },
  { id: 'tflite', name: 'a TensorFlow Lite model', at: 4, bytes: 'TFL3' },
  { id: 'picture', name: 'a PNG picture', bytes: '\x89PNG\r\n\x1a\n' },
  { id: 'picture', name: 'a JPEG picture', bytes: '\xff\xd8\xff' },
  { id: 'document', name: 'a PDF document', bytes: '%PDF-' },
  { id: 'program', name: 'a program or library (ELF)', bytes: '\x7fELF' },
];

/** How much of a file tells whether it is text. */
const HEAD = 1024;

const latin1 = (bytes: Uint8Array, from: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(from, from + length));

/** The beginning of a text file; undefined where the bytes are none. */
function textOf(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    // `stream`: the cut may go through a character.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, HEAD), { stream: true });
  } catch {
    return undefined;
  }
  return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text.trim();
}

/** One line of a text, short enough for a message. */
function excerptOf(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

function textForm(text: string): FileForm {
  if (/^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//.test(text))
    return { id: 'lfs', name: 'a Git LFS pointer, which stands for a file that was not downloaded' };
  if (/^<(!doctype html|html|head|body|title|!--)/i.test(text)) return { id: 'page', name: 'an HTML page' };
  if (/^(?:<\?xml\b[^>]*>\s*)?(?:<!--[^]*?-->\s*)*(?:<!doctype svg\b[^>]*>\s*)?<svg\b/i.test(text))
    return { id: 'drawing', name: 'an SVG drawing' };
  if (text.startsWith('<')) return { id: 'page', name: `an XML page: ${excerptOf(text)}` };
  if (/^[{[]/.test(text)) return { id: 'json', name: `JSON text: ${excerptOf(text)}` };
  return { id: 'text', name: `text: ${excerptOf(text)}` };
}

/** ONNX has no magic: its first field is the version of its own format, its next ones are texts. */
function isOnnx(bytes: Uint8Array): boolean {
  const [field, version = 0, next = 0] = bytes;
  return field === 0x08 && version >= 3 && version < 32 && [0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42].includes(next);
}

/**
 * Says what a file is, so that a message can: pages and pointers in the place of a download, archives, other programs' formats.
 *
 * @param bytes - the file, or its first kilobyte
 * @returns what it is; undefined where nothing is known of it
 */
export function fileForm(bytes: Uint8Array): FileForm | undefined {
  if (bytes.length === 0) return { id: 'empty', name: 'empty' };
  const known = MAGIC.find(({ at = 0, bytes: magic }) => latin1(bytes, at, magic.length) === magic);
  if (known) return { id: known.id, name: known.name };
  const text = textOf(bytes);
  if (text !== undefined) return textForm(text);
  return isOnnx(bytes) ? { id: 'onnx', name: 'an ONNX model' } : undefined;
}

/**
 * Says what a zip archive is.
 *
 * @param names - of the files in it
 * @returns what it is
 */
export function zipForm(names: readonly string[]): FileForm {
  if (names.length > 0 && names.every((name) => name.endsWith('.npy')))
    return { id: 'numpy', name: 'arrays of NumPy (.npz)' };
  if (names.some((name) => name.endsWith('model.weights.h5'))) return { id: 'hdf5', name: 'a Keras model' };
  if (names.some((name) => /(^|\/)(constants\.pkl|code\/)/.test(name)))
    return { id: 'torchscript', name: 'a TorchScript program' };
  return { id: 'zip', name: `a zip archive of ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}` };
}
