import { readFileSync } from 'node:fs';

/** One term of test/fixtures/losses.json: value and full gradient by PyTorch in float64. */
export interface ReferenceTerm {
  readonly value: number;
  readonly grad: Readonly<Record<string, readonly number[]>>;
  /** Gradients of an adapter's parameters. */
  readonly layer_grad?: Readonly<Record<string, readonly number[]>>;
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/losses.json', import.meta.url), 'utf8')) as {
  readonly y: readonly number[];
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>;
  readonly kd_weight: { readonly table: readonly (readonly [number, number])[] };
  readonly ema_decay: readonly (readonly [number, number])[];
} & Readonly<Record<string, ReferenceTerm>>;

export const lossReference = fixture;
export const referenceLabels = Int32Array.from(fixture.y);

/** An input by name; feature maps are NCHW there and become NHWC here. */
export function referenceInput(name: string): { readonly shape: readonly number[]; readonly values: Float64Array } {
  const { shape, values } = fixture.inputs[name]!;
  if (shape.length !== 4) return { shape, values: Float64Array.from(values) };
  const [n = 0, c = 0, h = 0, w = 0] = shape;
  return { shape: [n, h, w, c], values: toChannelsLast(values, shape) };
}

/** Reorders a flat NCHW array to NHWC. */
export function toChannelsLast(values: readonly number[], shape: readonly number[]): Float64Array {
  const [n = 0, c = 0, h = 0, w = 0] = shape;
  const moved = new Float64Array(n * c * h * w);
  let read = 0;
  for (let i = 0; i < n; i++)
    for (let channel = 0; channel < c; channel++)
      for (let position = 0; position < h * w; position++)
        moved[(i * h * w + position) * c + channel] = values[read++]!;
  return moved;
}

/** The largest |a − b| ÷ (1 + |b|) over two arrays of equal length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!) / (1 + Math.abs(b[i]!))));
}
