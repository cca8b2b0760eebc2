/** Writes primitives.h, against which the kernels are written, from the tables of src/ml/engines. */
import { ELEMENTWISE, FUNCTIONS } from '../../src/ml/engines/array-primitives.ts';
import {
  BOARD,
  MOST_THREADS,
  recordBytes,
  SCRATCH,
  SUM_CHUNKS,
  WINOGRAD,
  ZEROS,
} from '../../src/ml/engines/kernel-constants.ts';
import { KERNEL_TARGET } from '../../src/ml/engines/kernels/target.ts';
import {
  ACTIVATIONS,
  CONTROLS,
  numberType,
  PRIMITIVES,
  type NumberType,
  type PrimitiveDescription,
} from '../../src/ml/engines/primitives.ts';
import { streams } from '../../src/ml/random/random.ts';

const table = Object.entries<PrimitiveDescription>(PRIMITIVES);

/** `conv-input-gradient` → `conv_input_gradient`. */
const symbol = (name: string): string => name.replaceAll('-', '_');

/** `hard-sigmoid: 5` → `HARD_SIGMOID = 5`. */
const activations = Object.entries(ACTIVATIONS).map(([name, code]) => `${symbol(name).toUpperCase()} = ${code}`);

/** `exp` → `FUNCTION_EXP`; the codes are their places. */
const functions = Object.keys(FUNCTIONS).map((name) => `FUNCTION_${name.toUpperCase()}`);

/** `int rows;`, `float constants[8];`. */
function field(name: string, type: NumberType): string {
  const { of, length } = numberType(type);
  return type === of ? `${of} ${name};` : `${of} ${name}[${length}];`;
}

function struct(name: string, { operands, numbers }: PrimitiveDescription): string {
  const pointers = Object.entries(operands).map(([operand, access]) =>
    access.startsWith('in') && access !== 'inout' ? `const float *${operand};` : `float *${operand};`,
  );
  const fields = ['int32_t primitive;', ...pointers, ...Object.entries(numbers).map(([n, type]) => field(n, type))];
  return `typedef struct ${symbol(name)}_op {\n  ${fields.join('\n  ')}\n} ${symbol(name)}_op;\n_Static_assert(sizeof(${symbol(name)}_op) <= OPERATION_BYTES, "room for the record");\nKERNEL run_${symbol(name)}(const ${symbol(name)}_op *op, const team *team);\n`;
}

/** Constants of C by their names: what each is, and its value. */
function constants(): readonly (readonly [name: string, value: number | string, meaning: string])[] {
  const { panel, largestKernel, winograd } = KERNEL_TARGET;
  const hexadecimal = (value: number): string => `0x${value.toString(16)}u`;
  return [
    ['PANEL', panel, 'output channels of a filter panel'],
    ['MAX_KERNEL', largestKernel, 'side of the largest kernel of dense and depthwise convolutions'],
    ['CHUNKS', SUM_CHUNKS, 'fixed pieces of a sum over rows'],
    ['ZEROS', ZEROS, 'floats of padding that taps outside an image read'],
    ['SCRATCH', SCRATCH, "floats of a thread's own"],
    ['MOST_THREADS', MOST_THREADS, 'of a team'],
    ['OPERATION_BYTES', `(sizeof(void *) == 4 ? ${recordBytes(4)} : ${recordBytes(8)})`, 'from one record to the next'],
    ['TILE', WINOGRAD.tile, "output pixels of a side of Winograd's tiles"],
    ['REACH', WINOGRAD.reach, 'input pixels of the same'],
    ['POINTS', WINOGRAD.points, 'products of a tile'],
    [
      'SKEW',
      WINOGRAD.skew,
      'floats between the matrices of two points, so that they do not fall on one set of a cache',
    ],
    ['MOST_WINOGRAD_CHANNELS', winograd.mostChannels, 'of maps that take it: what scratch has room for'],
    ['MOST_RANK', ELEMENTWISE.rank, 'dimensions of a walk over arrays'],
    ['MOST_INPUTS', ELEMENTWISE.inputs, 'of an elementwise program'],
    ['REGISTERS', ELEMENTWISE.registers, 'of the same; constants are numbered behind them'],
    ['CONSTANTS', ELEMENTWISE.constants, ''],
    ['INSTRUCTIONS', ELEMENTWISE.instructions, ''],
    ['STREAM_DROPOUT', hexadecimal(streams.dropout), 'random streams of ml/random'],
    ['STREAM_DEPTH', hexadecimal(streams.depth), ''],
  ];
}

const defines = (): string =>
  constants()
    .map(([name, value, meaning]) => `#define ${name} ${value}${meaning && ` // ${meaning}`}`)
    .join('\n');

const fields = (types: Readonly<Record<string, string>>): string =>
  Object.entries(types)
    .map(([name, type]) => `  ${type.endsWith('*') ? type : `${type} `}${name};`)
    .join('\n');

/**
 * Writes primitives.h: constants, activation codes and structs.
 *
 * @returns its text
 */
export function kernelHeader(): string {
  const cases = table.map(([name], index) => `    case ${index}: return run_${symbol(name)}(op, team);`);
  return `// Written by \`npm run build:kernels\` from src/ml/engines: primitives.ts, which says what each primitive computes,
// kernel-constants.ts and kernels/target.ts.
#ifndef PRIMITIVES_H
#define PRIMITIVES_H
#include <stdint.h>

${defines()}

// A function of its own: V8 finds registers for one kernel, not for all in one.
#define KERNEL static __attribute__((noinline)) void

typedef struct team team;

enum { ${activations.join(', ')} };

/// Functions of elementwise programs.
enum { ${functions.join(', ')} };

typedef struct controls {
${fields(CONTROLS)}
} controls;

/// Where a team waits for each other. \`lost\` is 1 once a thread has died, \`patience\` says for how many seconds a silent one
/// is waited for.
typedef struct barrier {
${fields(BOARD.barrier)}
} barrier;

/// Shared by the threads of an engine. \`job\` is the number of the program last started times 256 plus its team's size, in
/// one word so that a thread that wakes late cannot mistake the next team for its own; −1 tells the threads to end.
/// \`ready\`: threads that have come up.
typedef struct board {
  barrier barrier;
${fields(BOARD.fields)}
} board;

${table.map(([name, description]) => struct(name, description)).join('\n')}
/// Runs one operation's share of work of one thread.
static inline void dispatch(const void *op, const team *team) {
  switch (*(const int32_t *)op) {
${cases.join('\n')}
  }
}
#endif
`;
}
