import { RECORD_WORDS } from '../kernel-constants.ts';
import { CONTROLS, PRIMITIVES, type Controls, type PrimitiveDescription } from '../primitives.ts';
import type { Operation, Ref } from '../program.ts';

/** A piece of memory seen both ways. */
export interface Words {
  readonly integers: Int32Array;
  readonly floats: Float32Array;
}

const NAMES = Object.keys(PRIMITIVES);

function numberOf(numbers: Readonly<Record<string, number>>, name: string): number {
  const number = numbers[name];
  if (number === undefined) throw new Error(`an operation lacks the number ${name}`);
  return number;
}

/**
 * Writes operations as the C structs of primitives.h: index of the primitive, addresses of the operands, numbers.
 *
 * @param operations - what to write
 * @param words - [operations][RECORD_WORDS], and the same memory as floats
 * @param addressOf - address of an operand in bytes; 0 stands for an absent one
 */
export function writeRecords(operations: readonly Operation[], words: Words, addressOf: (ref: Ref) => number): void {
  operations.forEach((operation, row) => {
    const description: PrimitiveDescription = PRIMITIVES[operation.primitive];
    const operands: Readonly<Record<string, Ref | null>> = operation.operands;
    const numbers: Readonly<Record<string, number>> = operation.numbers;
    let word = row * RECORD_WORDS;
    words.integers[word++] = NAMES.indexOf(operation.primitive);
    for (const name of Object.keys(description.operands)) {
      const ref = operands[name];
      words.integers[word++] = ref ? addressOf(ref) : 0;
    }
    for (const [name, type] of Object.entries(description.numbers))
      (type === 'int' ? words.integers : words.floats)[word++] = numberOf(numbers, name);
  });
}

/**
 * Writes the controls as the C struct.
 *
 * @param controls - values
 * @param words - the struct's memory as integers and as floats
 */
export function writeControls(controls: Controls, words: Words): void {
  Object.entries(CONTROLS).forEach(([name, type], word) => {
    (type === 'int' ? words.integers : words.floats)[word] = controls[name as keyof Controls];
  });
}
