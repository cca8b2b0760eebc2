import { recordBytes, type PointerBytes } from '../kernel-constants.ts';
import { CONTROLS, numberType, PRIMITIVES, type Controls, type PrimitiveDescription } from '../primitives.ts';
import type { Operation, Ref } from '../program.ts';

/** A piece of memory seen both ways. */
export interface Words {
  readonly integers: Int32Array;
  readonly floats: Float32Array;
}

const NAMES = Object.keys(PRIMITIVES);
const CONTROL_TYPES = Object.entries(CONTROLS) as readonly [keyof Controls, 'int' | 'float'][];
const WORD = 4;

/** A number of a row, or all of them where it is several, filled up with zeros. */
function numbersOf(
  numbers: Readonly<Record<string, number | readonly number[]>>,
  name: string,
  length: number,
): readonly number[] {
  const found = numbers[name];
  if (found === undefined) throw new Error(`an operation lacks the number ${name}`);
  const all = typeof found === 'number' ? [found] : found;
  if (all.length > length) throw new Error(`an operation has ${all.length} of ${name}, and room for ${length}`);
  return Array.from({ length }, (_, at) => all[at] ?? 0);
}

/**
 * Writes operations as the C structs of primitives.h: index of the primitive, addresses of the operands, numbers. Pointers
 * are aligned to their size, little end first.
 *
 * @param operations - what to write
 * @param words - [operations][recordBytes], and the same memory as floats
 * @param pointer - bytes of a pointer
 * @param addressOf - address of an operand in bytes, an integer below 2⁵³; 0 stands for an absent one
 */
export function writeRecords(
  operations: readonly Operation[],
  words: Words,
  pointer: PointerBytes,
  addressOf: (ref: Ref) => number,
): void {
  const pointerWords = pointer / WORD;
  operations.forEach((operation, row) => {
    const description: PrimitiveDescription = PRIMITIVES[operation.primitive];
    const operands: Readonly<Record<string, Ref | null>> = operation.operands;
    const numbers: Readonly<Record<string, number | readonly number[]>> = operation.numbers;
    let word = (row * recordBytes(pointer)) / WORD;
    words.integers[word] = NAMES.indexOf(operation.primitive);
    word += pointerWords;
    for (const name of Object.keys(description.operands)) {
      const ref = operands[name];
      const address = ref ? addressOf(ref) : 0;
      words.integers[word] = address; // its low 32 bits
      if (pointer === 8) words.integers[word + 1] = Math.floor(address / 2 ** 32);
      word += pointerWords;
    }
    for (const [name, type] of Object.entries(description.numbers)) {
      const { of, length } = numberType(type);
      const into = of === 'int' ? words.integers : words.floats;
      for (const number of numbersOf(numbers, name, length)) into[word++] = number;
    }
  });
}

/**
 * Writes the controls as the C struct.
 *
 * @param controls - values
 * @param words - the struct's memory as integers and as floats
 */
export function writeControls(controls: Controls, words: Words): void {
  CONTROL_TYPES.forEach(([name, type], word) => {
    (type === 'int' ? words.integers : words.floats)[word] = controls[name];
  });
}
