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
}

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
 * Number of elements of a shape.
 *
 * @param shape - lengths of the axes
 * @returns their product; 1 for a scalar
 */
export const elementsIn = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

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

/** Calls back with the position of every element, row by row. */
function walk({ shape, strides, offset }: Elements, visit: (position: number) => void): void {
  const along = (axis: number, position: number): void => {
    if (axis === shape.length) {
      visit(position);
      return;
    }
    for (let i = 0; i < (shape[axis] ?? 0); i++) along(axis + 1, position + i * (strides[axis] ?? 0));
  };
  along(0, offset);
}

const isDense = ({ shape, strides }: Elements): boolean =>
  denseStrides(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);

/** The bytes of dense elements, aligned. */
function copyBytes({ type, shape, bytes, offset }: Elements): ArrayBuffer {
  const size = bytesOf(type);
  return new Uint8Array(bytes.subarray(offset * size, (offset + elementsIn(shape)) * size)).buffer;
}

/**
 * Copies elements into a tensor of our own: float32, or int64. Wider floats are rounded, narrower ones are exact.
 *
 * @param elements - must lie within their bytes
 * @returns the tensor, dense and row-major
 */
export function tensorOf(elements: Elements): StoredTensor {
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
