import { fail } from '../../core/failure.ts';
import { bytesOf, elementsIn, isElementType, isShape, tensorOf, widthOf } from './elements.ts';
import { damagedTorchFile, Global, type Pickled, type PickleHandlers } from './pickle.ts';
import { FileTensor } from './tensor-file.ts';

/** Types of elements as .safetensors calls them, by the class of storage that a pickle names. */
const STORAGES: Readonly<Record<string, string>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
  'torch.ComplexFloatStorage': 'C64',
  'torch.ComplexDoubleStorage': 'C128',
  'torch.storage.UntypedStorage': 'U8',
  // Quantised: what their bytes mean stands beside them.
  'torch.QInt8Storage': 'I8',
  'torch.QUInt8Storage': 'U8',
  'torch.QInt32Storage': 'I32',
};

/** The same by `torch.dtype`: of tensors whose storage has no class. */
const DTYPES: Readonly<Record<string, string>> = {
  ...{ float32: 'F32', float16: 'F16', bfloat16: 'BF16', float64: 'F64', complex64: 'C64', complex128: 'C128' },
  ...{ int64: 'I64', int32: 'I32', int16: 'I16', int8: 'I8', uint8: 'U8', uint16: 'U16', uint32: 'U32', uint64: 'U64' },
  ...{ bool: 'BOOL', float8_e4m3fn: 'F8_E4M3', float8_e5m2: 'F8_E5M2', float8_e8m0fnu: 'F8_E8M0' },
  ...{ float8_e4m3fnuz: 'F8_E4M3FNUZ', float8_e5m2fnuz: 'F8_E5M2FNUZ', qint8: 'I8', quint8: 'U8', qint32: 'I32' },
};

/** Classes that checkpoints keep beside weights: none is looked up or made, and what they hold is dropped. */
const INERT = [
  ...['argparse.Namespace', 'types.SimpleNamespace', '_codecs.encode', 'datetime.datetime', 'datetime.timedelta'],
  ...['pathlib', 'pathlib._local'].flatMap((module) =>
    ['PosixPath', 'WindowsPath', 'PurePosixPath', 'Path'].map((name) => `${module}.${name}`),
  ),
  ...['builtins', '__builtin__'].flatMap((module) =>
    ['set', 'frozenset', 'complex', 'bytearray', 'slice'].map((name) => `${module}.${name}`),
  ),
  ...['numpy.core', 'numpy._core'].flatMap((module) => [
    `${module}.multiarray.scalar`,
    `${module}.multiarray._reconstruct`,
    `${module}.numeric._frombuffer`,
  ]),
  ...['numpy.dtype', 'numpy.ndarray', 'torch.device', 'torch.Generator', 'torch.nn.parameter.Parameter'],
  ...['torch.Tensor', 'torch._tensor.Tensor', 'torch.per_tensor_affine', 'torch.per_channel_affine'],
] as const;

/** Mappings by other names. */
const MAPPINGS = [
  ...['collections.Counter', 'collections.defaultdict', 'builtins.dict', '__builtin__.dict'],
  ...['lightning_fabric.utilities.data.AttributeDict', 'lightning.fabric.utilities.data.AttributeDict'],
  'pytorch_lightning.utilities.parsing.AttributeDict',
];

/** Some numbers in a row that tensors look at. Its bytes may come later than its name. */
export class Storage {
  readonly type: string;
  readonly length: number;
  bytes: Uint8Array | undefined;

  constructor(type: string, length: number) {
    this.type = type;
    this.length = length;
  }

  /** Bytes of one of its elements; undefined where their type is not known. */
  get width(): number | undefined {
    return widthOf(STORAGES[this.type] ?? '');
  }
}

/** Where a tensor's values are in its storage. */
interface View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** As .safetensors calls it. */
  readonly dtype: string;
  /** As the file calls it. */
  readonly called: string;
  /** What PyTorch does to the values when they are read: `{'conj': …, 'neg': …}`. */
  readonly lazily: Pickled | undefined;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What is set of what PyTorch does when values are read; a real number is its own conjugate. */
const lazyOf = (metadata: Pickled | undefined): readonly string[] =>
  metadata instanceof Map
    ? [...metadata].flatMap(([name, isSet]) => (isSet ? [typeof name === 'string' ? name : 'unnamed'] : []))
    : [];

/** The storages of one file by their keys, and what its pickles may do. */
export class TorchPickleHandlers implements PickleHandlers {
  readonly storages = new Map<string, Storage>();
  readonly #file: string;
  readonly globals: PickleHandlers['globals'];

  /** @param file - name for messages */
  constructor(file: string) {
    this.#file = file;
    const noCall = (): never => damagedTorchFile(file, 'calls the class of a storage');
    const all = (names: readonly string[], call: PickleHandlers['globals'][string]) =>
      Object.fromEntries(names.map((name) => [name, call]));
    const tensor = (args: readonly Pickled[]): FileTensor => this.#tensor(args, undefined, args[6]);
    this.globals = {
      ...all(Object.keys(STORAGES), noCall),
      ...all(
        Object.keys(DTYPES).map((name) => `torch.${name}`),
        noCall,
      ),
      ...all(INERT, (): Pickled => ({})),
      ...all(MAPPINGS, () => new Map()),
      'collections.OrderedDict': ([pairs = []]) => new Map(pairs as readonly [Pickled, Pickled][]),
      'torch.Size': ([sizes = []]) => sizes,
      'torch._utils._rebuild_parameter': ([parameter = null]) => parameter,
      'torch._utils._rebuild_parameter_with_state': ([parameter = null]) => parameter,
      'torch._utils._rebuild_tensor': (args) => this.#tensor(args.slice(0, 4), undefined, undefined),
      'torch._utils._rebuild_tensor_v2': tensor,
      'torch._utils._rebuild_tensor_v3': (args) => this.#tensor(args, args[6], args[7]),
      'torch._utils._rebuild_qtensor': (args) => this.#unreadable('quantised', args[2]),
      'torch._utils._rebuild_sparse_tensor': () => this.#unreadable('sparse', []),
      'torch._utils._rebuild_meta_tensor_no_storage': ([, shape]) => this.#unreadable('without values (meta)', shape),
      'torch._tensor._rebuild_from_type_v2': ([callee = null, , args = null]) => this.#rebuild(callee, args),
    };
  }

  /** A tensor with attributes of its own, which are dropped. */
  #rebuild(callee: Pickled, args: Pickled): Pickled {
    const called = callee instanceof Global ? this.globals[callee.name] : undefined;
    if (!called || !Array.isArray(args)) return damagedTorchFile(this.#file, 'rebuilds a tensor in no known way');
    return called(args as Pickled[]);
  }

  #tensor(args: readonly Pickled[], type: Pickled | undefined, metadata: Pickled | undefined): FileTensor {
    const [storage, offset, shape, strides] = args;
    const isWhole = storage instanceof Storage && isSize(offset) && isShape(shape) && isShape(strides);
    if (!isWhole || shape.length !== strides.length)
      return damagedTorchFile(this.#file, 'describes a tensor without storage, offset, shape and strides');
    const called = type instanceof Global ? type.name : storage.type;
    const dtype = type instanceof Global ? DTYPES[type.name.replace(/^torch\./, '')] : STORAGES[storage.type];
    const view: View = { storage, offset, shape, strides, called, dtype: dtype ?? called, lazily: metadata };
    return new FileTensor(view.dtype, shape, (name) => this.#read(name, view));
  }

  #unreadable(how: string, shape: Pickled | undefined): FileTensor {
    return new FileTensor(how, isShape(shape) ? shape : [], (name) => this.#unsupported(name, how));
  }

  #unsupported(name: string, how: string): never {
    return fail({
      code: 'unsupported-dtype',
      message: `${this.#file}: tensor ${name} is ${how}`,
      place: { file: this.#file },
      expected: 'floats (int64 for counters)',
      fix: 'take the weights before they were quantised, or convert it: {k: v.float() for k, v in state_dict.items()}',
    });
  }

  #read(
    name: string,
    { storage, offset, shape, strides, dtype, called, lazily }: View,
  ): ReturnType<FileTensor['read']> {
    if (!isElementType(dtype)) return this.#unsupported(name, `of ${called}`);
    const lazy = lazyOf(lazily);
    const unknown = lazy.find((one) => one !== 'neg' && one !== 'conj');
    if (unknown !== undefined) this.#unsupported(name, `a view (${unknown}) that only PyTorch knows to read`);
    const { bytes, width = NaN, length } = storage;
    if (!bytes || !(bytes.length >= length * width))
      return damagedTorchFile(this.#file, `lacks bytes of tensor ${name}`);
    const there = Math.floor((length * width) / bytesOf(dtype));
    const count = elementsIn(shape);
    const last = shape.reduce((at, length, axis) => at + (length - 1) * (strides[axis] ?? 0), offset);
    // More elements than the storage has would be one shown many times: no weight is, and it could fill any memory.
    if (count > there || (count > 0 && last >= there))
      return damagedTorchFile(this.#file, `has a tensor ${name} that reaches beyond its storage`);
    return tensorOf({ type: dtype, shape, bytes, strides, offset, negated: lazy.includes('neg') });
  }

  readonly persistent = (id: Pickled): Storage => {
    const [word, type, key, , length, view] = (Array.isArray(id) ? id : []) as readonly Pickled[];
    if (word !== 'storage' || !(type instanceof Global) || typeof key !== 'string' || !isSize(length))
      return damagedTorchFile(this.#file, 'refers to something else than a storage');
    if (view !== undefined && view !== null)
      return damagedTorchFile(
        this.#file,
        'has storages that look at parts of others, as PyTorch wrote them before 0.4',
      );
    const known = this.storages.get(key) ?? new Storage(type.name, length);
    this.storages.set(key, known);
    return known;
  };
}
