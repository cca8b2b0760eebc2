import type { StoredTensor } from './tensor-file.ts';

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a float32. */
function fromBrain(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

/** How one element is read, by the type's name in .safetensors files: bytes it takes, and its value as float32 holds it. */
const FLOATS = {
  F64: { size: 8, read: (view: DataView, at: number) => view.getFloat64(at, true) },
  F32: { size: 4, read: (view: DataView, at: number) => view.getFloat32(at, true) },
  F16: { size: 2, read: (view: DataView, at: number) => fromHalf(view.getUint16(at, true)) },
  BF16: { size: 2, read: (view: DataView, at: number) => fromBrain(view.getUint16(at, true)) },
} as const;

/** Types of elements that can be read. */
export type ElementType = keyof typeof FLOATS | 'I64';

/** Elements in memory that somebody else laid out. */
export interface Elements {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Little-endian. */
  readonly bytes: Uint8Array;
  /** Elements between neighbours on each axis. */
  readonly strides: readonly number[];
  /** Elements before the first one. */
  readonly offset: number;
  /** Whether they stand there with the opposite sign: PyTorch negates some views only when they are read. */
  readonly negated?: boolean;
}

/** Bytes of elements that no weight is made of; files may hold such tensors beside weights. */
const OTHERS: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, I16: 2, U16: 2, I32: 4, U32: 4, U64: 8, C64: 8, C128: 16 },
  ...{ F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, F8_E4M3FNUZ: 1, F8_E5M2FNUZ: 1 },
};

/**
 * Says whether a type of elements can be read.
 *
 * @param type - name as in .safetensors files
 * @returns true for F64, F32, F16, BF16 and I64
 */
export const isElementType = (type: string): type is ElementType => type === 'I64' || Object.hasOwn(FLOATS, type);

/**
 * Bytes of one element.
 *
 * @param type - its type
 * @returns 2, 4 or 8
 */
export const bytesOf = (type: ElementType): number => (type === 'I64' ? 8 : FLOATS[type].size);

/**
 * Bytes of one element of any type, readable or not.
 *
 * @param type - name as in .safetensors files
 * @returns bytes; undefined for a type that is not known, or whose elements are no whole bytes
 */
export const widthOf = (type: string): number | undefined =>
  isElementType(type) ? bytesOf(type) : Object.hasOwn(OTHERS, type) ? OTHERS[type] : undefined;

/**
 * Says whether a tensor may be a weight: integers and truth values count and mask.
 *
 * @param type - name as in .safetensors files, or as a file calls it
 * @returns true for every floating-point type, also those that can't be read
 */
export const isFloating = (type: string): boolean => /^B?F\d/.test(type);

/** Most axes that a tensor of a file may have: as many as PyTorch's own operations take. */
const MOST_AXES = 64;

/**
 * Says whether a value of a file is a shape, or strides: whole numbers from 0 on, not more than there can be axes.
 *
 * @param value - whatever stands there
 * @returns true for lengths of the axes of a tensor
 */
export const isShape = (value: unknown): value is readonly number[] =>
  Array.isArray(value) &&
  value.length <= MOST_AXES &&
  value.every((length) => Number.isSafeInteger(length) && (length as number) >= 0);

/**
 * Number of elements of a shape.
 *
 * @param shape - lengths of the axes
 * @returns their product; 1 for a scalar, 0 where an axis is empty, however long the others are
 */
export const elementsIn = (shape: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1);

/**
 * Distances of neighbours in a dense, row-major tensor.
 *
 * @param shape - lengths of the axes
 * @returns elements, one number an axis
 */
export function denseStrides(shape: readonly number[]): readonly number[] {
  let stride = 1;
  return shape
    .toReversed()
    .map((length) => {
      const own = stride;
      stride *= length;
      return own;
    })
    .reverse();
}

/** Calls back with the position of every element, row by row: as many times as there are elements, whatever the axes are. */
function walk({ shape, strides, offset }: Elements, visit: (position: number) => void): void {
  const place = shape.map(() => 0);
  let position = offset;
  for (let left = elementsIn(shape); left > 0; left--) {
    visit(position);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [at, length, stride] = [place[axis] ?? 0, shape[axis] ?? 0, strides[axis] ?? 0];
      place[axis] = at + 1 < length ? at + 1 : 0;
      position += at + 1 < length ? stride : -at * stride;
      if (at + 1 < length) break;
    }
  }
}

const isDense = ({ shape, strides }: Elements): boolean =>
  denseStrides(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);

/** The bytes of dense elements, aligned. */
function copyBytes({ type, shape, bytes, offset }: Elements): ArrayBuffer {
  const size = bytesOf(type);
  return new Uint8Array(bytes.subarray(offset * size, (offset + elementsIn(shape)) * size)).buffer;
}

/** The tensor with all signs turned round. */
function negate(tensor: StoredTensor): StoredTensor {
  if (tensor.dtype === 'I64') return { ...tensor, values: tensor.values.map((value) => -value) };
  return { ...tensor, values: tensor.values.map((value) => -value) };
}

function copyOf(elements: Elements): StoredTensor {
  const { type, shape, bytes } = elements;
  const dense = isDense(elements);
  if (type === 'F32' && dense) return { dtype: 'F32', shape, values: new Float32Array(copyBytes(elements)) };
  if (type === 'I64' && dense) return { dtype: 'I64', shape, values: new BigInt64Array(copyBytes(elements)) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  if (type === 'I64') {
    const values = new BigInt64Array(elementsIn(shape));
    walk(elements, (position) => (values[at++] = view.getBigInt64(position * 8, true)));
    return { dtype: 'I64', shape, values };
  }
  const { size, read } = FLOATS[type];
  const values = new Float32Array(elementsIn(shape));
  walk(elements, (position) => (values[at++] = read(view, position * size)));
  return { dtype: 'F32', shape, values };
}

/**
 * Copies elements into a tensor of our own: float32, or int64. Wider floats are rounded, narrower ones are exact.
 *
 * @param elements - must lie within their bytes
 * @returns the tensor, dense and row-major
 */
export function tensorOf(elements: Elements): StoredTensor {
  const tensor = copyOf(elements);
  return elements.negated ? negate(tensor) : tensor;
}
