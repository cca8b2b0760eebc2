import { BOARD_WORDS, RECORD_WORDS } from '../kernel-constants.ts';
import type { Operation, Ref } from '../program.ts';
import type { KernelExports } from './kernel-exports.ts';
import { writeRecords } from './records.ts';
import { switchOff, switchOn } from './v8-flags.ts';

/** A 1×1 convolution of a 2×3 image: one whole tile of four pixels, and one that is cut. */
const [HEIGHT, WIDTH, CHANNELS, OUTPUTS] = [2, 3, 8, 16];
const PIXELS = HEIGHT * WIDTH;
/** Its values are small whole numbers, so that every order of summing gives the same bits. */
const wholeNumber = (i: number): number => ((i * 37) % 17) - 8;

const PAGE = 65536;
/** Pages of the check's own memory: static data of the kernels, the stack that a convolution takes, and what it reads. */
const PAGES = 32;
const STACK_END = PAGE * (PAGES - 1);
/** Where things lie, bytes: the board (program.c), the operation, x, filter, y and zeros. */
const AT = { board: 0, operation: 256, x: 1024, filter: 2048, y: 4096, zeros: 8192 } as const;

const operand = (from: number): Ref => ({ space: 'parameter', offset: from / 4 });

const product: Operation = {
  primitive: 'conv',
  operands: {
    ...{ x: operand(AT.x), filter: operand(AT.filter), y: operand(AT.y) },
    ...{ scale: null, shift: null, residual: null, transformed: null },
  },
  numbers: {
    ...{ batch: 1, height: HEIGHT, width: WIDTH, channels: CHANNELS },
    ...{ outHeight: HEIGHT, outWidth: WIDTH, outChannels: OUTPUTS },
    ...{ kernel: 1, stride: 1, padding: 0, activation: 0 },
  },
};

/** The sum of one output, by plain arithmetic; the filter is [outputs / 8][channels][8]. */
function expectedValue(pixel: number, output: number): number {
  let sum = 0;
  for (let c = 0; c < CHANNELS; c++)
    sum += wholeNumber(pixel * CHANNELS + c) * wholeNumber(((output >> 3) * CHANNELS + c) * 8 + (output & 7));
  return sum;
}

/** Runs the product and compares it. */
function productIsRight(module: WebAssembly.Module): boolean {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  exports.__stack_pointer.value = STACK_END - PAGE;
  const base = STACK_END - PAGE;
  const integers = new Int32Array(memory.buffer, base);
  const floats = new Float32Array(memory.buffer, base);
  for (let i = 0; i < PIXELS * CHANNELS; i++) floats[AT.x / 4 + i] = wholeNumber(i);
  for (let i = 0; i < CHANNELS * OUTPUTS; i++) floats[AT.filter / 4 + i] = wholeNumber(i);
  const record = {
    integers: integers.subarray(AT.operation / 4, AT.operation / 4 + RECORD_WORDS),
    floats: floats.subarray(AT.operation / 4, AT.operation / 4 + RECORD_WORDS),
  };
  writeRecords([product], record, (ref) => base + (ref.space === 'step' ? 0 : 4 * ref.offset));
  integers[BOARD_WORDS.program] = base + AT.operation;
  integers[BOARD_WORDS.operations] = 1;
  integers[BOARD_WORDS.zeros] = base + AT.zeros;
  exports.run(base + AT.board, 1);
  for (let i = 0; i < PIXELS * OUTPUTS; i++)
    if (floats[AT.y / 4 + i] !== expectedValue(Math.floor(i / OUTPUTS), i % OUTPUTS)) return false;
  return true;
}

/**
 * Checks that the product kernel, as V8's optimising compiler makes it under the flags of now, computes what plain
 * arithmetic does. What it compiles for that stays with the module.
 *
 * @param module - a build of the kernels, of which nothing has run
 * @returns whether every value is exactly right
 */
export function multipliesRight(module: WebAssembly.Module): boolean {
  // Without this V8 would first take its quick compiler, which joins nothing, and the check would say nothing.
  switchOff('--liftoff');
  try {
    return productIsRight(module);
  } catch {
    return false;
  } finally {
    switchOn('--liftoff');
  }
}
