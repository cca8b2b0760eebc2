import { at } from '../../../util/at.ts';
import type { Attribute, Attributes, DType, NodeDef } from './proto.ts';

/** An output of a node. */
export interface Tensor {
  /** As an input names it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: DType;
}

/** A node that may be waited for, by its name. */
export type NodeName = string;

/** What a node has beside its inputs. */
interface NodeOptions {
  readonly attributes?: Attributes;
  /** Nodes that run before. */
  readonly after?: Iterable<NodeName>;
  readonly name?: string;
}

/** What a node of one output has. */
interface OutputOptions extends NodeOptions {
  readonly shape: readonly number[];
  readonly type?: DType;
}

/**
 * Elements of a tensor.
 *
 * @param shape - its lengths
 * @returns their product
 */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis]);

/** Shape of an elementwise result, as NumPy broadcasts. */
function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  const lengthOf = (shape: readonly number[], axis: number): number => shape[shape.length - rank + axis] ?? 1;
  return Array.from({ length: rank }, (_, axis) => {
    const length = lengthOf(a, axis);
    return length === 1 ? lengthOf(b, axis) : length;
  });
}

/** Most elements of a constant of which one copy serves all. */
const SHARED = 64;

/** Names of TensorFlow's elementwise operations of two operands. */
export type Binary =
  | 'AddV2'
  | 'Sub'
  | 'Mul'
  | 'RealDiv'
  | 'Maximum'
  | 'Minimum'
  | 'Pow'
  | 'ReluGrad'
  | 'Relu6Grad'
  | 'BitwiseXor'
  | 'RightShift';

/** Builds a TensorFlow graph node by node. Nodes that nobody asks for cost nothing: TensorFlow leaves them out. */
export class Graph {
  readonly nodes: NodeDef[] = [];
  readonly #shared = new Map<string, Tensor>();

  #add(op: string, inputs: readonly Tensor[], { attributes = {}, after = [], name }: NodeOptions): NodeName {
    const own = name ?? `${op}${this.nodes.length}`;
    const before = [...new Set(after)].map((node) => `^${node}`);
    this.nodes.push({ name: own, op, inputs: [...inputs.map((input) => input.name), ...before], attributes });
    return own;
  }

  /** A node without outputs that matter: it is waited for. */
  effect(op: string, inputs: readonly Tensor[], options: NodeOptions): NodeName {
    return this.#add(op, inputs, options);
  }

  /** A node of several outputs. */
  outputs(
    op: string,
    inputs: readonly Tensor[],
    shapes: readonly (readonly number[])[],
    options: NodeOptions,
  ): Tensor[] {
    const name = this.#add(op, inputs, options);
    return shapes.map((shape, output) => ({ name: output ? `${name}:${output}` : name, shape, type: 'float' }));
  }

  /** A node of one output. */
  node(op: string, inputs: readonly Tensor[], { shape, type = 'float', ...options }: OutputOptions): Tensor {
    return { name: this.#add(op, inputs, options), shape, type };
  }

  /** A node whose only type is that of its first input, of which its output is. */
  typed(op: string, inputs: readonly Tensor[], shape: readonly number[], attributes: Attributes = {}): Tensor {
    const { type } = at(inputs, 0);
    return this.node(op, inputs, { shape, type, attributes: { T: { type }, ...attributes } });
  }

  unary(op: string, x: Tensor): Tensor {
    return this.typed(op, [x], x.shape);
  }

  binary(op: Binary, a: Tensor, b: Tensor): Tensor {
    return this.typed(op, [a, b], broadcast(a.shape, b.shape));
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.binary('AddV2', a, b);
  }

  sub(a: Tensor, b: Tensor): Tensor {
    return this.binary('Sub', a, b);
  }

  mul(a: Tensor, b: Tensor): Tensor {
    return this.binary('Mul', a, b);
  }

  div(a: Tensor, b: Tensor): Tensor {
    return this.binary('RealDiv', a, b);
  }

  compare(op: 'Greater' | 'GreaterEqual' | 'Equal' | 'NotEqual', a: Tensor, b: Tensor): Tensor {
    const attributes: Record<string, Attribute> = { T: { type: a.type } };
    if (op === 'Equal' || op === 'NotEqual') attributes['incompatible_shape_error'] = { bool: true };
    return this.node(op, [a, b], { shape: broadcast(a.shape, b.shape), type: 'bool', attributes });
  }

  /** `yes` where a condition holds, else `no`. */
  select(condition: Tensor, yes: Tensor, no: Tensor): Tensor {
    const shape = broadcast(condition.shape, broadcast(yes.shape, no.shape));
    return this.node('SelectV2', [condition, yes, no], {
      shape,
      type: yes.type,
      attributes: { T: { type: yes.type } },
    });
  }

  /** Equal small constants are one, unless they have a name. */
  constant(values: Float32Array | Int32Array | Uint32Array, shape: readonly number[], name?: string): Tensor {
    const type = values instanceof Float32Array ? 'float' : values instanceof Int32Array ? 'int32' : 'uint32';
    const key = values.length > SHARED || name !== undefined ? undefined : `${type} ${shape.join()}: ${values.join()}`;
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known) return known;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const attributes = { dtype: { type }, value: { tensor: { type, shape, bytes } } } as const;
    const made = this.node('Const', [], { shape, type, attributes, ...(name !== undefined && { name }) });
    if (key !== undefined) this.#shared.set(key, made);
    return made;
  }

  scalar(value: number): Tensor {
    return this.constant(Float32Array.of(value), []);
  }

  ints(...values: readonly number[]): Tensor {
    return this.constant(Int32Array.from(values), [values.length]);
  }

  /** As many equal values as a shape has. */
  fill(shape: readonly number[], value: number): Tensor {
    const attributes = { T: { type: 'float' }, index_type: { type: 'int32' } } as const;
    return this.node('Fill', [this.ints(...shape), this.scalar(value)], { shape, attributes });
  }

  cast(x: Tensor, type: DType): Tensor {
    if (x.type === type) return x;
    const attributes = { SrcT: { type: x.type }, DstT: { type }, Truncate: { bool: false } } as const;
    return this.node('Cast', [x], { shape: x.shape, type, attributes });
  }

  /** The same bits, of another type of 32 bits. */
  bitcast(x: Tensor, type: DType): Tensor {
    return this.node('Bitcast', [x], { shape: x.shape, type, attributes: { T: { type: x.type }, type: { type } } });
  }

  reshape(x: Tensor, shape: readonly number[]): Tensor {
    if (isSame(x.shape, shape)) return x;
    if (sizeOf(x.shape) !== sizeOf(shape)) throw new Error(`[${x.shape.join()}] cannot become [${shape.join()}]`);
    return this.typed('Reshape', [x, this.ints(...shape)], shape, { Tshape: { type: 'int32' } });
  }

  flat(x: Tensor): Tensor {
    return this.reshape(x, [sizeOf(x.shape)]);
  }

  transpose(x: Tensor, permutation: readonly number[]): Tensor {
    if (permutation.every((from, to) => from === to)) return x;
    const shape = permutation.map((axis) => at(x.shape, axis));
    return this.typed('Transpose', [x, this.ints(...permutation)], shape, { Tperm: { type: 'int32' } });
  }

  slice(x: Tensor, begin: readonly number[], shape: readonly number[]): Tensor {
    if (isSame(x.shape, shape)) return x;
    const inputs = [x, this.ints(...begin), this.ints(...shape)];
    return this.typed('Slice', inputs, shape, { Index: { type: 'int32' } });
  }

  /** Zeros before and after, for each axis. */
  pad(x: Tensor, around: readonly (readonly [number, number])[], value = 0): Tensor {
    if (around.every(([before, after]) => before === 0 && after === 0)) return x;
    const shape = x.shape.map((length, axis) => length + at(around, axis)[0] + at(around, axis)[1]);
    const paddings = this.constant(Int32Array.from(around.flat()), [around.length, 2]);
    const attributes = { Tpaddings: { type: 'int32' } } as const;
    if (value === 0) return this.typed('Pad', [x, paddings], shape, attributes);
    return this.typed('PadV2', [x, paddings, this.scalar(value)], shape, attributes);
  }

  concat(parts: readonly Tensor[], axis: number): Tensor {
    const first = at(parts, 0);
    if (parts.length === 1) return first;
    const length = parts.reduce((sum, { shape }) => sum + at(shape, axis), 0);
    const attributes = { N: { int: parts.length }, Tidx: { type: 'int32' } } as const;
    const place = this.constant(Int32Array.of(axis), []);
    return this.typed('ConcatV2', [...parts, place], first.shape.with(axis, length), attributes);
  }

  /** Equal parts along an axis. */
  split(x: Tensor, parts: number, axis: number): readonly Tensor[] {
    if (parts === 1) return [x];
    const shape = x.shape.with(axis, at(x.shape, axis) / parts);
    const attributes = { T: { type: x.type }, num_split: { int: parts } } as const;
    const place = this.constant(Int32Array.of(axis), []);
    const made = this.outputs('Split', [place, x], Array<readonly number[]>(parts).fill(shape), { attributes });
    return made.map((part) => ({ ...part, type: x.type }));
  }

  broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
    if (isSame(x.shape, shape)) return x;
    return this.typed('BroadcastTo', [x, this.ints(...shape)], shape, { Tidx: { type: 'int32' } });
  }

  reduce(op: 'Sum' | 'Mean' | 'Max', x: Tensor, axes: readonly number[]): Tensor {
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    return this.typed(op, [x, this.ints(...axes)], shape, { Tidx: { type: 'int32' }, keep_dims: { bool: false } });
  }

  /** a · b of matrices, or of as many as lie one behind the other; either may be turned. */
  product(a: Tensor, b: Tensor, { turnA = false, turnB = false } = {}): Tensor {
    const rows = at(a.shape, a.shape.length - (turnA ? 1 : 2));
    const columns = at(b.shape, b.shape.length - (turnB ? 2 : 1));
    const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
    if (a.shape.length === 2)
      return this.typed('MatMul', [a, b], shape, { transpose_a: { bool: turnA }, transpose_b: { bool: turnB } });
    return this.typed('BatchMatMulV2', [a, b], shape, { adj_x: { bool: turnA }, adj_y: { bool: turnB } });
  }

  /** Rows of a table at whole numbers. */
  gather(table: Tensor, places: Tensor): Tensor {
    const attributes = {
      Tparams: { type: table.type },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
      batch_dims: { int: 0 },
    } as const;
    const inputs = [table, this.cast(places, 'int32'), this.constant(Int32Array.of(0), [])];
    return this.node('GatherV2', inputs, {
      shape: [...places.shape, ...table.shape.slice(1)],
      type: table.type,
      attributes,
    });
  }

  /** A table with other rows at places, each of which is there once, or more often with equal rows. */
  scatter(table: Tensor, places: Tensor, rows: Tensor): Tensor {
    const indices = this.reshape(this.cast(places, 'int32'), [sizeOf(places.shape), 1]);
    const attributes = { Tindices: { type: 'int32' } } as const;
    return this.typed('TensorScatterUpdate', [table, indices, rows], table.shape, attributes);
  }
}
