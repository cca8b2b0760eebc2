import { unzipSync } from 'fflate';
import { fail } from '../../core/failure.ts';
import { ByteReader } from './byte-reader.ts';
import { bytesOf, elementsIn, tensorOf, type ElementType } from './elements.ts';
import { damagedTorchFile, Global, readPickle, type Pickled, type PickleHandlers } from './pickle.ts';
import type { StoredTensor, TensorFile } from './tensor-file.ts';

/** Type of a storage's elements, by the class that a pickle names. */
const STORAGES: Readonly<Record<string, ElementType>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
};

/** Storages that a state dict may mention, though nothing here can read their elements. */
const OTHERS = ['Int', 'Short', 'Char', 'Byte', 'Bool', 'ComplexFloat', 'ComplexDouble'].map(
  (name) => `torch.${name}Storage`,
);

/** First bytes of a zip archive with at least one file in it. */
const ZIP = 0x04034b50;

/** First object of a file of torch.save before PyTorch 1.6. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/** Some numbers in a row that tensors look at. Its bytes may come later than its name. */
class Storage {
  readonly type: string;
  readonly length: number;
  bytes: Uint8Array | undefined;

  constructor(type: string, length: number) {
    this.type = type;
    this.length = length;
  }
}

/** A tensor as a pickle describes it. */
class Tensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isSizes = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isSize);

/** The storages of one file by their keys, and what its pickles may do. */
class TorchPickleHandlers implements PickleHandlers {
  readonly storages = new Map<string, Storage>();
  readonly #file: string;
  readonly globals: PickleHandlers['globals'];

  constructor(file: string) {
    this.#file = file;
    const noCall = (): never => damagedTorchFile(file, 'calls the class of a storage');
    this.globals = {
      ...Object.fromEntries([...Object.keys(STORAGES), ...OTHERS].map((name) => [name, noCall])),
      'collections.OrderedDict': ([pairs = []]) => new Map(pairs as readonly [Pickled, Pickled][]),
      'torch.Size': ([sizes = []]) => sizes,
      'torch._utils._rebuild_parameter': ([tensor = null]) => tensor,
      'torch._utils._rebuild_tensor_v2': (args) => this.#tensor(args),
    };
  }

  #tensor([storage, offset, shape, strides]: readonly Pickled[]): Tensor {
    const isWhole = storage instanceof Storage && isSize(offset) && isSizes(shape) && isSizes(strides);
    if (!isWhole || shape.length !== strides.length)
      return damagedTorchFile(this.#file, 'describes a tensor without storage, offset, shape and strides');
    return new Tensor(storage, offset, shape, strides);
  }

  readonly persistent = (id: Pickled): Storage => {
    const [word, type, key, , length] = (Array.isArray(id) ? id : []) as readonly Pickled[];
    if (word !== 'storage' || !(type instanceof Global) || typeof key !== 'string' || !isSize(length))
      return damagedTorchFile(this.#file, 'refers to something else than a storage');
    const known = this.storages.get(key) ?? new Storage(type.name, length);
    this.storages.set(key, known);
    return known;
  };
}

/** The archive of PyTorch 1.6 and later: `<name>/data.pkl`, and the bytes of each storage in `<name>/data/<key>`. */
function readArchive(bytes: Uint8Array, world: TorchPickleHandlers, file: string): Pickled {
  let parts: Readonly<Record<string, Uint8Array>>;
  try {
    // torch.save compresses nothing: what is compressed is not its work, and could unpack to any size.
    parts = unzipSync(bytes, { filter: ({ compression }) => compression === 0 });
  } catch (error) {
    return damagedTorchFile(file, `is no whole zip archive: ${(error as Error).message}`);
  }
  const pickle = Object.keys(parts).find((name) => /^[^/]+\/data\.pkl$/.test(name));
  const content = pickle === undefined ? undefined : parts[pickle];
  if (pickle === undefined || !content) return damagedTorchFile(file, 'is a zip archive without data.pkl');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = parts[`${folder}byteorder`];
  if (order && new TextDecoder().decode(order) !== 'little')
    damagedTorchFile(file, 'was saved by a machine with another byte order');
  const ended = (): never => damagedTorchFile(file, 'has a data.pkl that ends too early');
  const value = readPickle(new ByteReader(content, 0, ended), world, file);
  for (const [key, storage] of world.storages) storage.bytes = parts[`${folder}data/${key}`];
  return value;
}

/** The form before PyTorch 1.6: pickles of a magic number, version, machine, object and keys, then the storages' bytes. */
function readLegacy(bytes: Uint8Array, world: TorchPickleHandlers, file: string): Pickled {
  const read = new ByteReader(bytes, 0, () => damagedTorchFile(file, 'ends too early'));
  const next = (): Pickled => readPickle(read, world, file);
  if (next() !== LEGACY_MAGIC) return damagedTorchFile(file, 'is a pickle, but not one of torch.save');
  next();
  next();
  const value = next();
  const keys = next();
  for (const key of Array.isArray(keys) ? (keys as readonly Pickled[]) : []) {
    const storage = typeof key === 'string' ? world.storages.get(key) : undefined;
    const type = storage && STORAGES[storage.type];
    if (!type) return damagedTorchFile(file, `holds numbers of ${storage?.type ?? 'no storage'}, which cannot be read`);
    storage.bytes = read.bytes(read.int64() * bytesOf(type));
  }
  return value;
}

function storedTensor(name: string, { storage, offset, shape, strides }: Tensor, file: string): StoredTensor {
  const type = STORAGES[storage.type];
  if (!type)
    return fail({
      code: 'unsupported-dtype',
      message: `${file}: tensor ${name} is of ${storage.type}`,
      place: { file },
      expected: 'floats (int64 for counters)',
      fix: 'convert it: {k: v.float() for k, v in state_dict.items()}',
    });
  const { bytes } = storage;
  if (!bytes || bytes.length < storage.length * bytesOf(type))
    return damagedTorchFile(file, `lacks bytes of tensor ${name}`);
  const count = elementsIn(shape);
  const last = shape.reduce((at, length, axis) => at + (length - 1) * (strides[axis] ?? 0), offset);
  // More elements than the storage has would be one shown many times: no weight is, and it could fill any memory.
  if (count > storage.length || (count > 0 && last >= storage.length))
    return damagedTorchFile(file, `has a tensor ${name} that reaches beyond its storage`);
  return tensorOf({ type, shape, bytes, strides, offset });
}

/** Keys under which checkpoints keep a state dict beside other things. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'net', 'student'];

function stateDictIn(value: Pickled, file: string): ReadonlyMap<Pickled, Pickled> {
  if (!(value instanceof Map)) return damagedTorchFile(file, 'holds no state dict');
  if ([...value.values()].some((item) => item instanceof Tensor)) return value;
  const inner = WRAPPERS.map((key) => value.get(key)).find((item) => item instanceof Map);
  if (inner instanceof Map) return inner;
  const keys = [...value.keys()].map(String).slice(0, 5).join(', ');
  return damagedTorchFile(file, `holds no state dict: a mapping of ${keys || 'nothing'}`);
}

/**
 * Says whether a file is one of torch.save.
 *
 * @param bytes - the file, or its beginning
 * @returns true for both forms of it
 */
export function isTorchFile(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const isZip = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === ZIP;
  // A pickle starts with its protocol; as the length of a .safetensors header that would be one of 128 bytes and more.
  return isZip || (bytes[0] === 0x80 && bytes[1] === 0x02 && bytes[2] === 0x8a);
}

/**
 * Reads the state dict of a file of torch.save, whichever its form. The file may come from anywhere: it is read as data, and
 * what is not is refused by name.
 *
 * @param bytes - the whole file
 * @param file - its name for messages
 * @returns tensors by their names, without the `module.` of DataParallel
 * @throws FailureError `unsafe-weights`, `damaged-weights` or `unsupported-dtype`
 */
export function decodeTorchFile(bytes: Uint8Array, file: string): TensorFile {
  const world = new TorchPickleHandlers(file);
  const isZip = bytes[0] === 0x50;
  const state = stateDictIn(isZip ? readArchive(bytes, world, file) : readLegacy(bytes, world, file), file);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of state) {
    if (typeof name !== 'string' || !(tensor instanceof Tensor)) continue;
    tensors.set(name.replace(/^module\./, ''), storedTensor(name, tensor, file));
  }
  return { tensors, metadata: {} };
}
