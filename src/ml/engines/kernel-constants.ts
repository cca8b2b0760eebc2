/**
 * Numbers on which programs and the C kernels agree. `npm run build:kernels` writes them into primitives.h, beside what
 * the wasm target says; nothing of this is written twice.
 */

/** Bytes of a pointer: 4 in WebAssembly, 8 in native code. */
export type PointerBytes = 4 | 8;

/**
 * Size of an operation's record, a struct of C: its primitive, operands and numbers. Room for the longest row of the table.
 *
 * @param pointer - bytes of a pointer
 * @returns bytes, a multiple of 8
 */
export const recordBytes = (pointer: PointerBytes): number => (pointer === 4 ? 352 : 384);

/** Floats of scratch that each thread has: transformed tiles, and their products. */
export const SCRATCH = 2 ** 19;

/** Chunks over whose rows sums of a batch norm are taken, whatever the number of threads. */
export const SUM_CHUNKS = 32;

/** Floats of zeros that a tap outside the image reads. */
export const ZEROS = 16384;

/** Largest team of threads: the job word has a byte for its size. */
export const MOST_THREADS = 64;

/** Winograd's F(4×4, 3×3): sides of a tile's output and input, products of a tile, floats between two points' matrices. */
export const WINOGRAD = { tile: 4, reach: 6, points: 36, skew: 16 } as const;

/** Where a team waits for each other, one word each. */
const BARRIER = { arrived: 'int32_t', generation: 'int32_t', lost: 'int32_t', patience: 'int32_t' } as const;

/** What the threads of an engine share, one word each: the barrier, and the fields with their types in C. */
export const BOARD = {
  barrier: BARRIER,
  fields: {
    job: 'int32_t',
    program: 'const char *',
    operations: 'int32_t',
    controls: 'const controls *',
    zeros: 'const float *',
    scratch: 'float *',
    ready: 'int32_t',
  },
} as const;

/** A word of the board. */
type BoardWord = keyof typeof BARRIER | keyof (typeof BOARD)['fields'];

const NAMES = [...Object.keys(BOARD.barrier), ...Object.keys(BOARD.fields)];

/** Index of each of the board's words. */
export const BOARD_WORDS = Object.fromEntries(NAMES.map((name, word) => [name, word])) as Readonly<
  Record<BoardWord, number>
>;
