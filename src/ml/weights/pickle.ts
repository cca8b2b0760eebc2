import { fail } from '../../core/failure.ts';
import type { ByteReader } from './byte-reader.ts';
import { CODES, CONTAINERS } from './pickle-codes.ts';

/** A value out of a pickle: plain data, or what the outside made of a call or a persistent id. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Pickled[]
  | Map<Pickled, Pickled>
  | object;

/** Something that a pickle names by module and name. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a pickle may do. By itself it does nothing: no name is looked up anywhere but here. */
export interface PickleHandlers {
  /** What calls of a name give, by `module.name`; a pickle that mentions any other name is refused. */
  readonly globals: Readonly<Record<string, (args: readonly Pickled[]) => Pickled>>;
  /** What a persistent id stands for. */
  readonly persistent: (id: Pickled) => Pickled;
}

/** Most work that is done: a state dict of a thousand tensors takes about a hundred thousand steps. */
const MOST_STEPS = 10_000_000;

/** What each operation counts that makes a list or a mapping: so many times the memory of a number. */
const STEPS_OF_CONTAINER = 8;

const MARK = Symbol('mark');

/**
 * Refuses a file.
 *
 * @param file - its name
 * @param message - what is wrong with it, a predicate
 * @returns nothing: it throws
 * @throws FailureError `damaged-weights`
 */
export function damagedTorchFile(file: string, message: string): never {
  return fail({
    code: 'damaged-weights',
    message: `${file} ${message}`,
    place: { file },
    expected: 'a state dict as torch.save writes it',
    fix: 'save it again: torch.save(model.state_dict(), path), or as .safetensors',
  });
}

/**
 * A pickle machine for data (CPython's pickletools names the operations). It holds plain values, calls nothing but the
 * functions of its world, and stops at anything else.
 */
class Machine {
  readonly #read: ByteReader;
  readonly #world: PickleHandlers;
  readonly #file: string;
  readonly #stack: (Pickled | typeof MARK)[] = [];
  readonly #memo = new Map<number, Pickled>();
  #steps = 0;
  /** Values that calls were handed in lists. */
  #handed = 0;

  constructor(read: ByteReader, world: PickleHandlers, file: string) {
    this.#read = read;
    this.#world = world;
    this.#file = file;
  }

  run(): Pickled {
    const { STOP } = CODES;
    while (this.#steps < MOST_STEPS) {
      const code = this.#read.byte();
      if (code === STOP) return this.#pop();
      this.#steps += CONTAINERS.has(code) ? STEPS_OF_CONTAINER : 1;
      this.#operate(code);
    }
    return damagedTorchFile(this.#file, `takes more than ${MOST_STEPS} steps to read`);
  }

  #operate(code: number): void {
    const operation = this.#operations[code];
    if (operation) operation();
    else damagedTorchFile(this.#file, `holds pickle operation 0x${code.toString(16)}, which no state dict needs`);
  }

  readonly #push = (value: Pickled): void => void this.#stack.push(value);

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) return damagedTorchFile(this.#file, 'has a pickle that ends too early');
    return value;
  }

  /** Everything above the last mark, which goes too. */
  #popMarked(): Pickled[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) damagedTorchFile(this.#file, 'has a pickle whose marks do not match');
    return this.#stack.splice(at).slice(1) as Pickled[];
  }

  #tuple(length: number): void {
    const values = Array.from({ length }, () => this.#pop());
    this.#push(values.reverse());
  }

  #fill(values: readonly Pickled[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map)) damagedTorchFile(this.#file, 'has a pickle that sets an item of what is no mapping');
    for (let i = 0; i + 1 < values.length; i += 2) map.set(values[i] as Pickled, values[i + 1] as Pickled);
  }

  #extend(values: readonly Pickled[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) damagedTorchFile(this.#file, 'has a pickle that appends to what is no list');
    for (const value of values) (list as Pickled[]).push(value);
  }

  #global(module: Pickled, name: Pickled): void {
    if (typeof module !== 'string' || typeof name !== 'string') damagedTorchFile(this.#file, 'names what is no text');
    const full = `${module}.${name}`;
    if (Object.hasOwn(this.#world.globals, full)) {
      this.#push(new Global(full));
      return;
    }
    fail({
      code: 'unsafe-weights',
      message: `${this.#file} asks for ${full}, which is no part of a state dict`,
      place: { file: this.#file },
      expected: 'tensors alone: nothing of a file is run',
      fix: 'save the weights alone: torch.save(model.state_dict(), path), or as .safetensors',
    });
  }

  #call(): void {
    const args = this.#pop();
    const callee = this.#pop();
    const called = callee instanceof Global ? this.#world.globals[callee.name] : undefined;
    if (!called || !Array.isArray(args))
      return damagedTorchFile(this.#file, 'has a pickle that calls what is no function');
    const [first] = args as Pickled[];
    this.#handed += Array.isArray(first) ? first.length : 0;
    // A call may copy what it is handed: of a list that is handed on and on, more than the file ever held.
    if (this.#handed > this.#steps) return damagedTorchFile(this.#file, 'has a pickle that copies one list many times');
    this.#push(called(args as Pickled[]));
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) damagedTorchFile(this.#file, `has a pickle without its memo ${index}`);
    else this.#push(value);
  }

  #memoise(index: number): void {
    const value = this.#pop();
    this.#memo.set(index, value);
    this.#push(value);
  }

  readonly #operations: Readonly<Record<number, () => void>> = {
    [CODES.PROTO]: () => void this.#read.byte(),
    [CODES.FRAME]: () => void this.#read.skip(8),
    [CODES.MARK]: () => void this.#stack.push(MARK),
    [CODES.POP]: () => void this.#stack.pop(),
    [CODES.POP_MARK]: () => void this.#popMarked(),
    [CODES.NONE]: () => this.#push(null),
    [CODES.NEWTRUE]: () => this.#push(true),
    [CODES.NEWFALSE]: () => this.#push(false),
    [CODES.BININT]: () => this.#push(this.#read.int32()),
    [CODES.BININT1]: () => this.#push(this.#read.byte()),
    [CODES.BININT2]: () => this.#push(this.#read.uint16()),
    [CODES.LONG1]: () => this.#push(this.#read.integer(this.#read.byte())),
    [CODES.BINFLOAT]: () => this.#push(this.#read.float64BigEndian()),
    [CODES.SHORT_BINUNICODE]: () => this.#push(this.#read.text(this.#read.byte())),
    [CODES.BINUNICODE]: () => this.#push(this.#read.text(this.#read.uint32())),
    [CODES.SHORT_BINSTRING]: () => this.#push(this.#read.text(this.#read.byte())),
    [CODES.BINSTRING]: () => this.#push(this.#read.text(this.#read.uint32())),
    [CODES.SHORT_BINBYTES]: () => this.#push(this.#read.bytes(this.#read.byte())),
    [CODES.BINBYTES]: () => this.#push(this.#read.bytes(this.#read.uint32())),
    [CODES.EMPTY_TUPLE]: () => this.#push([]),
    [CODES.EMPTY_LIST]: () => this.#push([]),
    [CODES.EMPTY_DICT]: () => this.#push(new Map()),
    [CODES.TUPLE]: () => this.#push(this.#popMarked()),
    [CODES.TUPLE1]: () => this.#tuple(1),
    [CODES.TUPLE2]: () => this.#tuple(2),
    [CODES.TUPLE3]: () => this.#tuple(3),
    [CODES.LIST]: () => this.#push(this.#popMarked()),
    [CODES.DICT]: () => {
      const values = this.#popMarked();
      this.#push(new Map());
      this.#fill(values);
    },
    [CODES.APPEND]: () => this.#extend([this.#pop()]),
    [CODES.APPENDS]: () => this.#extend(this.#popMarked()),
    [CODES.SETITEM]: () => this.#fill([this.#pop(), this.#pop()].reverse()),
    [CODES.SETITEMS]: () => this.#fill(this.#popMarked()),
    [CODES.BINPUT]: () => this.#memoise(this.#read.byte()),
    [CODES.LONG_BINPUT]: () => this.#memoise(this.#read.uint32()),
    [CODES.MEMOIZE]: () => this.#memoise(this.#memo.size),
    [CODES.BINGET]: () => this.#recall(this.#read.byte()),
    [CODES.LONG_BINGET]: () => this.#recall(this.#read.uint32()),
    [CODES.GLOBAL]: () => this.#global(this.#read.line(), this.#read.line()),
    [CODES.STACK_GLOBAL]: () => {
      const name = this.#pop();
      this.#global(this.#pop(), name);
    },
    [CODES.EMPTY_SET]: () => this.#push([]),
    [CODES.ADDITEMS]: () => this.#extend(this.#popMarked()),
    [CODES.FROZENSET]: () => this.#push(this.#popMarked()),
    [CODES.REDUCE]: () => this.#call(),
    [CODES.NEWOBJ]: () => this.#call(),
    // Attributes of an object, e.g. the version of each module beside a state dict: not data.
    [CODES.BUILD]: () => void this.#pop(),
    [CODES.BINPERSID]: () => this.#push(this.#world.persistent(this.#pop())),
  };
}

/**
 * Reads one pickle.
 *
 * @param read - stands at its start, and after it when this returns
 * @param world - what it may do
 * @param file - name for messages
 * @returns its value
 * @throws FailureError `damaged-weights`, or `unsafe-weights` where it mentions a name that its world does not know
 */
export function readPickle(read: ByteReader, world: PickleHandlers, file: string): Pickled {
  return new Machine(read, world, file).run();
}
