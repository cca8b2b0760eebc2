import { zipSync } from 'fflate';
import type { StoredTensor } from './tensor-file.ts';

/** Opcodes of Python's pickle, protocol 2 (https://docs.python.org/3/library/pickletools.html). */
const CODE = {
  protocol: [0x80, 2],
  global: 0x63,
  emptyTuple: 0x29,
  reduce: 0x52,
  mark: 0x28,
  tuple: 0x74,
  text: 0x58,
  int: 0x4a,
  false: 0x89,
  persistentId: 0x51,
  setItems: 0x75,
  stop: 0x2e,
} as const;

const STORAGES = { F32: 'FloatStorage', I64: 'LongStorage' } as const;

/** Writes a pickle piece by piece; each method leaves one object on the reader's stack. */
class PickleWriter {
  readonly #bytes: number[] = [...CODE.protocol];

  #code(code: number): void {
    this.#bytes.push(code);
  }

  #uint32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >>> shift) & 255);
  }

  global(module: string, name: string): void {
    this.#code(CODE.global);
    this.#bytes.push(...Buffer.from(`${module}\n${name}\n`));
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    this.#code(CODE.text);
    this.#uint32(bytes.length);
    this.#bytes.push(...bytes);
  }

  int(value: number): void {
    this.#code(CODE.int);
    this.#uint32(value);
  }

  tuple(write: () => void): void {
    this.#code(CODE.mark);
    write();
    this.#code(CODE.tuple);
  }

  /** What a function makes of its arguments. */
  made(module: string, name: string, args: () => void): void {
    this.global(module, name);
    this.tuple(args);
    this.#code(CODE.reduce);
  }

  /** Puts pairs into the mapping that was written last. */
  fill(pairs: () => void): void {
    this.#code(CODE.mark);
    pairs();
    this.#code(CODE.setItems);
  }

  /** An object that lies elsewhere, by what was written last. */
  elsewhere(): void {
    this.#code(CODE.persistentId);
  }

  false(): void {
    this.#code(CODE.false);
  }

  done(): Uint8Array {
    return Uint8Array.from([...this.#bytes, CODE.stop]);
  }
}

const nothing = (): void => undefined;

function stridesOf(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}

/** A tensor over a storage of its own, as PyTorch pickles it. */
function writeTensor(to: PickleWriter, { dtype, shape, values }: StoredTensor, key: string): void {
  const whole = (numbers: readonly number[]) => to.tuple(() => numbers.forEach((number) => to.int(number)));
  to.made('torch._utils', '_rebuild_tensor_v2', () => {
    to.tuple(() => {
      to.text('storage');
      to.global('torch', STORAGES[dtype]);
      to.text(key);
      to.text('cpu');
      to.int(values.length);
    });
    to.elsewhere();
    to.int(0);
    whole(shape);
    whole(stridesOf(shape));
    to.false();
    to.made('collections', 'OrderedDict', nothing);
  });
}

/**
 * Writes a state dict as torch.save does since PyTorch 1.6, to be read by `torch.load(file, weights_only=True)`. Equal tensors
 * give equal bytes.
 *
 * @param tensors - by name, in the order of the state dict
 * @returns the bytes of a .pth file
 */
export function encodeTorchFile(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array {
  const pickle = new PickleWriter();
  pickle.made('collections', 'OrderedDict', nothing);
  pickle.fill(() => {
    for (const [at, [name, tensor]] of [...tensors].entries()) {
      pickle.text(name);
      writeTensor(pickle, tensor, String(at));
    }
  });
  const storages = [...tensors.values()].map(({ values }, at): [string, Uint8Array] => [
    `archive/data/${at}`,
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  ]);
  const parts: readonly (readonly [string, Uint8Array])[] = [
    ['archive/data.pkl', pickle.done()],
    ['archive/byteorder', Buffer.from('little')],
    ...storages,
    ['archive/version', Buffer.from('3\n')],
  ];
  // The first moment that a zip archive knows.
  return zipSync(Object.fromEntries(parts), { level: 0, mtime: new Date(1980, 0, 1) });
}
