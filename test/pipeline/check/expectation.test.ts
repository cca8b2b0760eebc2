import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText, type Value } from '../../../src/core/plan.ts';
import type { ParamSchema } from '../../../src/stages/stage-kind.ts';
import { expectation, inputText } from '../../../src/pipeline/check/expectation.ts';
import { describeValue } from '../../../src/pipeline/source/describe-value.ts';

describe('expectation', () => {
  it.each<[ParamSchema, string]>([
    [{ type: 'integer' }, 'a whole number'],
    [{ type: 'number' }, 'a number'],
    [{ type: 'string' }, 'a text'],
    [{ type: 'boolean' }, 'true or false'],
    [{ type: 'array' }, 'a list'],
    [{ type: 'object' }, 'a mapping'],
    [{ type: 'null' }, 'null'],
    [{ type: ['integer', 'string'] }, 'a whole number or a text'],
    [{ type: ['number', 'null'], minimum: 0 }, 'a number of at least 0 or null'],
    [{}, 'another value'],
    [{ type: 'integer', minimum: 0 }, 'a whole number of at least 0'],
    [{ type: 'integer', maximum: 9 }, 'a whole number of at most 9'],
    [{ type: 'integer', minimum: 0, maximum: 9 }, 'a whole number from 0 to 9'],
    [{ type: 'number', exclusiveMinimum: 0 }, 'a number above 0'],
    [{ type: 'number', exclusiveMaximum: 1 }, 'a number below 1'],
    [{ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, 'a number above 0 and below 1'],
    [{ type: 'number', exclusiveMinimum: 0, maximum: 1 }, 'a number above 0 and of at most 1'],
    [{ type: 'number', minimum: 0, exclusiveMaximum: 1 }, 'a number of at least 0 and below 1'],
    [{ type: 'number', minimum: -0.5 }, 'a number of at least -0.5'],
    [{ type: 'integer', 'x-unit': 'pixels' }, 'a whole number (pixels)'],
    [{ type: 'number', minimum: 0, 'x-unit': 'seconds' }, 'a number of at least 0 (seconds)'],
    [{ type: 'string', 'x-unit': 'pixels', minLength: 1 }, 'a text'],
    [{ type: 'array', minItems: 1 }, 'a list of at least 1 items'],
    [{ type: 'array', maxItems: 3 }, 'a list of at most 3 items'],
    [{ type: 'array', minItems: 1, maxItems: 3 }, 'a list of 1 to 3 items'],
    [{ type: 'array', minItems: 2, maxItems: 2 }, 'a list of 2 items'],
    [{ type: 'array', items: { type: 'integer', minimum: 1 } }, 'a list, each a whole number of at least 1'],
    [{ type: 'array', minItems: 3, maxItems: 3, items: { type: 'number' } }, 'a list of 3 items, each a number'],
    [{ type: 'array', items: { enum: ['val', 'test'] } }, 'a list, each one of val or test'],
    [{ enum: ['a'] }, 'a'],
    [{ enum: ['a', 'b', 'c'] }, 'one of a, b or c'],
    [{ enum: [1, null, 'x', true] }, 'one of 1, null, x or true'],
    [{ type: 'string', enum: ['a', 'b'] }, 'one of a or b'],
    [{ const: 'none' }, 'none'],
    [{ const: 0 }, '0'],
    [{ const: false }, 'false'],
    [{ anyOf: [{ type: 'integer' }, { const: 'auto' }] }, 'a whole number, or auto'],
    [{ oneOf: [{ type: 'string' }, { type: 'array' }] }, 'a text, or a list'],
    [{ anyOf: [{ type: 'string' }, { type: 'string', pattern: 'x' }, { type: 'null' }] }, 'a text, or null'],
    [{ 'x-input': { kinds: ['dataset'] } }, 'a reference to a stage of kind dataset: "${stages.id}"'],
    [{ 'x-input': { kinds: ['a', 'b'], many: true } }, 'a list of references to stages of kind a or b'],
    [
      { 'x-input': { kinds: ['a'], many: 'or-one', text: 'a path' } },
      'a reference to a stage of kind a: "${stages.id}", or a list of them, or a path',
    ],
    [
      { type: 'array', items: { 'x-input': { kinds: ['a'] } } },
      'a list, each a reference to a stage of kind a: "${stages.id}"',
    ],
  ])('puts %j into words', (schema, words) => {
    expect(expectation(schema)).toBe(words);
  });

  it('cuts a long list of names', () => {
    const names = Array.from({ length: 30 }, (_, index) => `m${index}`);
    expect(expectation({ enum: names })).toBe(`one of ${names.slice(0, 12).join(', ')} … (18 more)`);
  });
});

describe('inputText', () => {
  it('names the kinds', () => {
    expect(inputText({ kinds: ['a', 'b', 'c'] })).toBe('a reference to a stage of kind a, b or c: "${stages.id}"');
    expect(inputText({ kinds: ['a'], many: true })).toBe('a list of references to stages of kind a');
  });
});

describe('shown', () => {
  it.each<[Value, string]>([
    [null, 'nothing'],
    [3, '3'],
    [1e-7, '1e-7'],
    [true, 'true'],
    ['a', '"a"'],
    ['say "a"', '"say \\"a\\""'],
    ['two\nlines', '"two\\nlines"'],
    [[], 'a list'],
    [[1], 'a list'],
    [{}, 'a mapping'],
    [new CellReference('a[x=1]', 'out'), 'a reference to a[x=1]'],
    [new ReferenceText(['a', new CellReference('b')]), 'a text with a reference in it'],
  ])('names %j', (value, words) => {
    expect(describeValue(value)).toBe(words);
  });

  it('cuts what is longer than 60 characters', () => {
    expect(describeValue('x'.repeat(58))).toBe(`"${'x'.repeat(58)}"`);
    expect(describeValue('x'.repeat(59))).toBe(`"${'x'.repeat(56)}…"`);
  });
});
