import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelHeader } from '../../../../.config/kernels/header.ts';
import { BOARD_WORDS, recordBytes } from '../../../../src/ml/engines/kernel-constants.ts';
import { FUNCTIONS } from '../../../../src/ml/engines/array-primitives.ts';
import {
  ACTIVATIONS,
  CONTROLS,
  numberType,
  PRIMITIVES,
  type NumberType,
  type PrimitiveName,
} from '../../../../src/ml/engines/primitives.ts';
import type { Operation, Ref } from '../../../../src/ml/engines/program.ts';
import { writeControls, writeRecords } from '../../../../src/ml/engines/kernels/records.ts';
import { assetPath } from '../../../../src/util/package-root.ts';

const HEADER = readFileSync(assetPath('src/ml/engines/kernels/primitives.h'), 'utf8');

const RECORD_WORDS = recordBytes(4) / 4;

/** A field of a C struct; every type that the header uses takes four bytes in WebAssembly. */
interface Field {
  readonly type: string;
  readonly name: string;
  /** Of an array. */
  readonly length?: number;
}

/** What a field holds. */
type Value = number | readonly number[];

/** Structs of the header by name, fields in their order in memory. */
const STRUCTS = new Map(
  [...HEADER.matchAll(/typedef struct (\w+) \{\n(.*?)\n\} \w+;/gs)].map(
    ([, name = '', body = '']): [string, Field[]] => [
      name,
      [...body.matchAll(/^ {2}(.*?) ?(\*?)(\w+)(?:\[(\d+)\])?;$/gm)].map(
        ([, type = '', star = '', field = '', length]) => ({
          type: `${type}${star}`,
          name: field,
          ...(length && { length: Number(length) }),
        }),
      ),
    ],
  ),
);

const names = Object.keys(PRIMITIVES) as PrimitiveName[];

function fieldsOf(name: PrimitiveName): readonly Field[] {
  const fields = STRUCTS.get(`${name.replaceAll('-', '_')}_op`);
  if (!fields) throw new Error(`the header has no struct of ${name}`);
  return fields;
}

/** An operation in which every field holds something else, and what each holds. */
function numbered(primitive: PrimitiveName): { operation: Operation; values: Readonly<Record<string, Value>> } {
  const values: Record<string, Value> = {};
  const { operands, numbers } = PRIMITIVES[primitive];
  const refs = Object.keys(operands).map((name, index): [string, Ref] => {
    const offset = 4096 + 64 * index;
    values[name] = offset;
    return [name, { space: 'gradient', offset }];
  });
  Object.entries<NumberType>(numbers).forEach(([name, type], index) => {
    const { of, length } = numberType(type);
    const number = (at: number): number => (of === 'int' ? -3 - index - 100 * at : 0.5 + index + 100 * at);
    values[name] = type === of ? number(0) : Array.from({ length }, (_, at) => number(at));
  });
  const operation = { primitive, operands: Object.fromEntries(refs), numbers: values };
  return { operation: operation as unknown as Operation, values };
}

function wordsOf(count: number) {
  const buffer = new ArrayBuffer(4 * count);
  return { integers: new Int32Array(buffer), floats: new Float32Array(buffer) };
}

/** Reads a struct as C does: by the position and the type of each field. */
function readStruct(fields: readonly Field[], words: ReturnType<typeof wordsOf>, from = 0): Record<string, Value> {
  let word = from;
  return Object.fromEntries(
    fields.map(({ name, type, length }) => {
      const memory = type === 'float' ? words.floats : words.integers;
      const start = word;
      word += length ?? 1;
      return [name, length === undefined ? memory[start]! : [...memory.subarray(start, word)]];
    }),
  );
}

describe('a record', () => {
  it.each(names)('of %s is what its C struct reads', (name) => {
    const { operation, values } = numbered(name);
    const words = wordsOf(2 * RECORD_WORDS);
    // In the second row, so that the size of a record counts too.
    const zero: Operation = {
      primitive: 'zero',
      operands: { y: { space: 'gradient', offset: 0 } },
      numbers: { count: 1 },
    };
    writeRecords([zero, operation], words, 4, (ref) => (ref.space === 'step' ? 0 : ref.offset));
    expect(readStruct(fieldsOf(name), words, RECORD_WORDS)).toEqual({ primitive: names.indexOf(name), ...values });
  });

  it('has null where an operand is absent', () => {
    const optional = names.filter((name) => Object.values(PRIMITIVES[name].operands).some((use) => use.endsWith('?')));
    for (const name of optional) {
      const { operation } = numbered(name);
      const absent = Object.entries(PRIMITIVES[name].operands).flatMap(([operand, use]) =>
        use.endsWith('?') ? [operand] : [],
      );
      const operands = { ...operation.operands, ...Object.fromEntries(absent.map((operand) => [operand, null])) };
      const words = wordsOf(RECORD_WORDS);
      writeRecords([{ ...operation, operands } as unknown as Operation], words, 4, () => 64);
      const read = readStruct(fieldsOf(name), words);
      for (const operand of Object.keys(operands))
        expect(read[operand], operand).toBe(absent.includes(operand) ? 0 : 64);
    }
  });

  it('takes as many bytes as the header says', () => {
    expect(HEADER).toContain(`#define OPERATION_BYTES (sizeof(void *) == 4 ? ${recordBytes(4)} : ${recordBytes(8)})`);
  });
});

describe('the header', () => {
  it('is what the tables make of it', () => {
    expect(HEADER).toBe(kernelHeader());
  });

  it('has the words of the board where the engine writes and reads them', () => {
    const fields = [...(STRUCTS.get('barrier') ?? []), ...(STRUCTS.get('board') ?? []).slice(1)];
    expect(STRUCTS.get('board')?.[0]).toEqual({ type: 'barrier', name: 'barrier' });
    expect(Object.fromEntries(fields.map(({ name }, word) => [name, word]))).toEqual(BOARD_WORDS);
  });

  it.each(names)('lets %s write only what the table does not call read-only', (name) => {
    const pointers = fieldsOf(name).filter(({ type }) => type.includes('*'));
    const expected = Object.entries(PRIMITIVES[name].operands).map(([operand, use]) => ({
      type: use.startsWith('in') && use !== 'inout' ? 'const float *' : 'float *',
      name: operand,
    }));
    expect(pointers.map(({ type, name }) => ({ type: type.replace(/ ?\*$/, ' *'), name }))).toEqual(expected);
  });

  it('has one struct a primitive, and the controls', () => {
    const wanted = ['controls', ...names.map((name) => `${name.replaceAll('-', '_')}_op`)];
    expect([...STRUCTS.keys()].filter((name) => name === 'controls' || name.endsWith('_op'))).toEqual(wanted);
  });

  it('numbers activations as the table does', () => {
    for (const [name, code] of Object.entries(ACTIVATIONS))
      expect(HEADER).toMatch(new RegExp(`\\b${name.toUpperCase().replace('-', '_')} = ${code}\\b`));
  });

  it('numbers functions as the table does', () => {
    const [, list = ''] = /enum \{ (FUNCTION_.*?) \};/.exec(HEADER) ?? [];
    expect(list.split(', ')).toEqual(Object.keys(FUNCTIONS).map((name) => `FUNCTION_${name.toUpperCase()}`));
  });

  it.each(names)('makes the compiler refuse a record of %s that is too long', (name) => {
    expect(HEADER).toContain(`_Static_assert(sizeof(${name.replaceAll('-', '_')}_op) <= OPERATION_BYTES`);
  });
});

describe('the controls', () => {
  it('are what the C struct reads', () => {
    const controls = {
      seed: -5,
      step: 12,
      learningRate: 0.5,
      weightDecay: 0.25,
      biasCorrection1: 0.125,
      biasCorrection2Sqrt: 0.75,
      averageStep: 0.375,
    };
    const words = wordsOf(Object.keys(CONTROLS).length);
    writeControls(controls, words);
    expect(readStruct(STRUCTS.get('controls') ?? [], words)).toEqual(controls);
  });
});
