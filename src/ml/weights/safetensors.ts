import { fail } from '../../core/failure.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { bytesOf, denseStrides, elementsIn, isElementType, isShape, tensorOf, widthOf } from './elements.ts';
import { FileTensor, type Checkpoint, type StoredTensor, type TensorFile } from './tensor-file.ts';

/** Largest header that is read, in bytes: the limit of Hugging Face's own reader. */
const LARGEST_HEADER = 100_000_000;

/** Wider types first, then by name: the order of Hugging Face's writer, which keeps every tensor aligned. */
function inFileOrder([a, one]: [string, StoredTensor], [b, other]: [string, StoredTensor]): number {
  const wider = bytesOf(other.dtype) - bytesOf(one.dtype);
  return wider !== 0 ? wider : a < b ? -1 : Number(a > b);
}

/**
 * Writes the bytes of a .safetensors file; equal content gives equal bytes, the same as Hugging Face's writer gives
 * (with at most one metadata entry: of several, its order is random, ours is sorted).
 *
 * @param file - tensors and metadata
 * @returns the file's bytes
 * @throws RangeError when a tensor's shape and number of values differ
 */
export function encodeSafetensors(file: TensorFile): Uint8Array {
  const tensors = [...file.tensors].sort(inFileOrder);
  const header: [string, unknown][] = [];
  const metadata = Object.entries(file.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (metadata.length > 0) header.push(['__metadata__', Object.fromEntries(metadata)]);
  let end = 0;
  for (const [name, { dtype, shape, values }] of tensors) {
    if (elementsIn(shape) !== values.length)
      throw new RangeError(`${name}: ${values.length} values for [${shape.join()}]`);
    const begin = end;
    end += values.byteLength;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  // Entries are written one by one: an object would move names that look like integers to the front.
  const text = `{${header.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join()}}`;
  const length = Math.ceil(Buffer.byteLength(text) / 8) * 8;
  const bytes = Buffer.alloc(8 + length + end, ' ');
  bytes.writeBigUInt64LE(BigInt(length), 0);
  bytes.write(text, 8);
  let offset = 8 + length;
  for (const [, { values }] of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

function failDamaged(file: string, message: string): never {
  return fail({
    code: 'damaged-weights',
    message: `${file}: ${message}`,
    place: { file },
    expected: 'a whole .safetensors file',
    fix: 'download or export the file again',
  });
}

/** The header's mapping, and where the tensors' bytes begin. */
function headerOf(bytes: Uint8Array, file: string): { header: JsonObject; begin: number } {
  if (bytes.length < 8) failDamaged(file, `has only ${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > LARGEST_HEADER)
    failDamaged(file, `says that its header has ${length} bytes, more than ${LARGEST_HEADER}`);
  const begin = 8 + length;
  if (begin > bytes.length) failDamaged(file, `ends inside its header of ${length} bytes`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, begin)));
  } catch {
    return failDamaged(file, 'has a header that is not JSON');
  }
  return isJsonObject(header) ? { header, begin } : failDamaged(file, 'has a header that is no mapping');
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A checked header entry. */
interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function entryOf(name: string, value: unknown, file: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (isJsonObject(value) ? value : {}) as Record<string, unknown>;
  const isTyped = typeof dtype === 'string' && isShape(shape);
  if (!isTyped || !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return failDamaged(file, `describes tensor ${name} without a valid dtype, shape and data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const width = widthOf(dtype);
  if (width === undefined ? end < begin : end - begin !== elementsIn(shape) * width) {
    failDamaged(file, `gives tensor ${name} ${end - begin} bytes for shape [${shape.join()}] of ${dtype}`);
  }
  return { name, dtype, shape, begin, end };
}

/** The tensor of an entry, whose bytes are looked at when it is read. */
function tensorIn({ dtype, shape, begin, end }: TensorEntry, data: Uint8Array, file: string): FileTensor {
  return new FileTensor(dtype, shape, (name) => {
    if (isElementType(dtype))
      return tensorOf({
        type: dtype,
        shape,
        bytes: data.subarray(begin, end),
        strides: denseStrides(shape),
        offset: 0,
      });
    return fail({
      code: 'unsupported-dtype',
      message: `${file}: tensor ${name} has dtype ${dtype}`,
      place: { file },
      expected: 'F32, F64, F16 or BF16 (I64 for counters)',
      fix: 'take the weights before they were quantised, or convert it: {k: v.float() for k, v in state_dict.items()}',
    });
  });
}

/** Tensors must fill the data part without gap or overlap. */
function checkTiling(entries: readonly TensorEntry[], size: number, file: string): void {
  let end = 0;
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) failDamaged(file, `puts tensor ${entry.name} at byte ${entry.begin} instead of ${end}`);
    end = entry.end;
  }
  if (end !== size) failDamaged(file, `has ${size} bytes of tensors where its header says ${end}`);
}

function metadataOf(value: unknown, file: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    return failDamaged(file, 'has metadata that is no mapping of texts');
  }
  return value as Record<string, string>;
}

/**
 * Opens the bytes of a .safetensors file, which may come from anywhere: nothing in it is believed unchecked.
 *
 * @param bytes - the whole file
 * @param file - its name for messages
 * @returns tensors in the header's order, and metadata; reading a tensor fails with `unsupported-dtype` where no weight has its type
 * @throws FailureError `damaged-weights` when the header or an offset is wrong
 */
export function openSafetensors(
  bytes: Uint8Array,
  file: string,
): Checkpoint & { readonly content: ReadonlyMap<string, FileTensor> } {
  const { header, begin } = headerOf(bytes, file);
  const { __metadata__: metadata, ...described } = header;
  const entries = Object.entries(described).map(([name, value]) => entryOf(name, value, file));
  checkTiling(entries, bytes.length - begin, file);
  const data = bytes.subarray(begin);
  return {
    size: bytes.length,
    content: new Map(entries.map((entry) => [entry.name, tensorIn(entry, data, file)])),
    metadata: metadataOf(metadata, file),
  };
}

/**
 * Reads the bytes of a .safetensors file, all of its tensors.
 *
 * @param bytes - the whole file
 * @param file - its name for messages
 * @returns tensors (own copies of the bytes) in the header's order, and metadata
 * @throws FailureError `damaged-weights` when the header or an offset is wrong, `unsupported-dtype` for other types
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): TensorFile {
  const { content, metadata } = openSafetensors(bytes, file);
  return { tensors: new Map([...content].map(([name, tensor]) => [name, tensor.read(name)])), metadata };
}

/** Bytes of a header that tell whether a file can be one: its length, and the brace that opens it. */
const OPENING = 9;

/**
 * Says whether a file can be a .safetensors file.
 *
 * @param bytes - the file, or its beginning
 * @returns true where a header of possible length stands, or may have stood before the file was cut
 */
export function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < OPENING) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return length <= LARGEST_HEADER && bytes[8] === 0x7b;
}
