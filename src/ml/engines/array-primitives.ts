/**
 * Primitives over dense arrays of any shape, without padding: what expressions (losses and distillation terms) are lowered to.
 * Part of `PRIMITIVES`.
 */

/**
 * Functions of elementwise programs: the operands of each, in order. `greater` and `equal` give 1 or 0; `select` is the
 * second where the first is not 0, else the third.
 */
export const FUNCTIONS = {
  copy: 1,
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  maximum: 2,
  minimum: 2,
  greater: 2,
  equal: 2,
  select: 3,
  exp: 1,
  log: 1,
  sqrt: 1,
  abs: 1,
  square: 1,
  /** log(1 + eˣ). */
  softplus: 1,
  /** 1/(1 + e⁻ˣ). */
  sigmoid: 1,
  /** The first to the power of the second; the first is ≥ 0, and 0⁰ = 1. */
  pow: 2,
} as const satisfies Readonly<Record<string, 1 | 2 | 3>>;

/** Name of one of them. */
export type FunctionName = keyof typeof FUNCTIONS;

/** Its code: its place in the table. */
export const functionCode = (name: FunctionName): number => Object.keys(FUNCTIONS).indexOf(name);

/** Limits of an elementwise program. Registers 0 … hold its inputs, then what instructions write. */
export const ELEMENTWISE = { rank: 5, inputs: 6, registers: 16, constants: 8, instructions: 24 } as const;

/** One instruction: result ← function(operands). Operands are registers, or `registers` + k: constant k. */
export interface Instruction {
  readonly function: FunctionName;
  readonly to: number;
  /** As many as the function has. */
  readonly of: readonly number[];
}

const BITS = 5;

/**
 * Packs an instruction into a word: code, and 5 bits for each of `to` and three operands from bit 8 on.
 *
 * @param instruction - within the limits
 * @returns the word; operands that the function lacks are 0
 */
export const packInstruction = ({ function: name, to, of }: Instruction): number =>
  [to, ...of].reduce((word, register, at) => word | (register << (8 + BITS * at)), functionCode(name));

/** What a packed instruction says: code of its function, result, three operands. */
export const unpackInstruction = (word: number): readonly [number, number, number, number, number] => {
  const register = (at: number): number => (word >> (8 + BITS * at)) & (2 ** BITS - 1);
  return [word & 255, register(0), register(1), register(2), register(3)];
};

const INPUTS = { a: 'in?', b: 'in?', c: 'in?', d: 'in?', e: 'in?', f: 'in?' } as const;

/**
 * A walk over `shape` (outermost dimension first; lengths of 1 fill it up in front) and a program that is run at each place:
 * registers 0 … are loaded from a, b … as far as they are there, input k at Σ index · strides[k][dimension]; then come the
 * instructions; the last one's result counts.
 */
const WALK = {
  shape: `int[${ELEMENTWISE.rank}]`,
  strides: `int[${ELEMENTWISE.inputs * ELEMENTWISE.rank}]`,
  instructions: 'int',
  code: `int[${ELEMENTWISE.instructions}]`,
  constants: `float[${ELEMENTWISE.constants}]`,
} as const;

/** What a walk is told. */
export interface Walk {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly instructions: number;
  readonly code: readonly number[];
  readonly constants: readonly number[];
}

/** What a walk loads; null where an input is left out. */
export type WalkInputs<Value> = Readonly<Record<keyof typeof INPUTS, Value | null>>;

export const ARRAY_PRIMITIVES = {
  /** y[Σ index · yStrides] = result. No stride of y is 0 where the dimension is longer than 1. */
  elementwise: {
    operands: { ...INPUTS, y: 'out' },
    numbers: { ...WALK, yStrides: `int[${ELEMENTWISE.rank}]` },
  },
  /**
   * y = Σ result (`largest` = 0), or the largest result (1), over the dimensions whose bit is set in `reduced` (bit k:
   * dimension k); y is dense over the others in their order. Sums are taken in float64. `partials`: where `chunks` > 1 the
   * places that are reduced are cut into so many pieces, which are reduced first: chunks · (floats of y). A largest value is
   * NaN where a result is.
   */
  reduce: {
    operands: { ...INPUTS, y: 'out', partials: 'scratch?' },
    numbers: { ...WALK, reduced: 'int', largest: 'int', chunks: 'int' },
  },
  /**
   * y[i, r, c] = Σ_k a[i·aBatch + r·aRow + k·aDepth] · b[i·bBatch + k·bDepth + c·bColumn] for i < batch, r < rows,
   * c < columns, k < depth; y is dense. One of aRow and aDepth is 1, and one of bDepth and bColumn.
   */
  'matrix-product': {
    operands: { a: 'in', b: 'in', y: 'out' },
    numbers: {
      batch: 'int',
      rows: 'int',
      columns: 'int',
      depth: 'int',
      aBatch: 'int',
      aRow: 'int',
      aDepth: 'int',
      bBatch: 'int',
      bDepth: 'int',
      bColumn: 'int',
    },
  },
  /**
   * y[i, c, j] = element c of the j-th right singular vector of x[i], a matrix of rows · columns floats, i < batch: j < k =
   * min(rows, columns), those of larger values first, each of length 1 with its largest element positive; 0 where the value is no more
   * than 2⁻²³ of the largest. Computed in float64. `work`: `chunks` pieces of 2 · (k · (2k + 3) + columns) floats.
   */
  'right-singular-vectors': {
    operands: { x: 'in', y: 'out', work: 'scratch' },
    numbers: { batch: 'int', rows: 'int', columns: 'int', chunks: 'int' },
  },
  /** y[i] = table[places[i]]: rows of `columns` floats, i < rows. Places are whole numbers in floats. */
  gather: { operands: { table: 'in', places: 'in', y: 'out' }, numbers: { rows: 'int', columns: 'int' } },
  /** table[places[i]] = x[i]; of equal places the last one counts. */
  scatter: { operands: { x: 'in', places: 'in', table: 'inout' }, numbers: { rows: 'int', columns: 'int' } },
  /** y[i, j] = Σ_k x[i, k] · table[places[i, j], k]: i < rows, j < each, k < columns. */
  'gather-products': {
    operands: { x: 'in', table: 'in', places: 'in', y: 'out' },
    numbers: { rows: 'int', each: 'int', columns: 'int' },
  },
  /** y[i, k] = Σ_j x[i, j] · table[places[i, j], k]. */
  'gather-sums': {
    operands: { x: 'in', table: 'in', places: 'in', y: 'out' },
    numbers: { rows: 'int', each: 'int', columns: 'int' },
  },
} as const;

/** Name of one of them. */
export type ArrayPrimitive = keyof typeof ARRAY_PRIMITIVES;
