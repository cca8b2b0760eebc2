import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { explain } from '../../src/fingerprint/explain.ts';
import { stageKey, type Ingredients } from '../../src/fingerprint/stage.ts';

const before: Ingredients = {
  kind: 'distill-student',
  resultVersion: 1,
  params: { data: { $input: 'data' }, lr: 0.0001, split: { val: 0.2, test: 0.1 }, blocks: [1, 2], model: 'resnet8' },
  inputs: [{ name: 'data', digest: 'aa' }],
  sources: [{ name: 'root', digest: 'bb' }],
};

const withParams = (params: JsonObject): Ingredients => ({ ...before, params: { ...before.params, ...params } });

describe('explain', () => {
  it('says so when nothing is known of an earlier run', () => {
    expect(explain(undefined, before)).toEqual(['first run']);
  });

  it('has nothing to say of equal ingredients', () => {
    expect(explain(before, structuredClone(before))).toEqual([]);
  });

  it.each<[string, JsonObject]>([
    ['params.lr 0.0001 → 0.0003', { lr: 0.0003 }],
    ['params.lr 0.0001 → "0.0001"', { lr: '0.0001' }],
    ['params.model "resnet8" → null', { model: null }],
    ['params.ema added true', { ema: true }],
    ['params.split.val 0.2 → 0.3', { split: { val: 0.3, test: 0.1 } }],
    ['params.split.test removed (was 0.1)', { split: { val: 0.2 } }],
    ['params.blocks.1 2 → 3', { blocks: [1, 3] }],
    ['params.blocks.2 added 3', { blocks: [1, 2, 3] }],
    ['params.blocks.1 removed (was 2)', { blocks: [1] }],
    ['params.blocks [1,2] → {"0":1,"1":2}', { blocks: { 0: 1, 1: 2 } }],
  ])('names the leaf: %s', (reason, params) => {
    expect(explain(before, withParams(params))).toEqual([reason]);
  });

  it('does not take an absent parameter for one that JavaScript objects inherit', () => {
    expect(explain(before, withParams({ constructor: 1 }))).toEqual(['params.constructor added 1']);
  });

  it('shortens long values', () => {
    const [reason = ''] = explain(before, withParams({ model: 'x'.repeat(500) }));
    expect(reason).toMatch(/^params\.model "resnet8" → "x{58}…$/);
  });

  it('names contents of inputs and sources that changed, came or went', () => {
    const after: Ingredients = {
      ...withParams({ teacher: { $input: 'teacher' } }),
      inputs: [
        { name: 'data', digest: 'a2' },
        { name: 'teacher', digest: 'cc' },
      ],
      sources: [{ name: 'labels', digest: 'dd' }],
    };
    expect(explain(before, after)).toEqual([
      'inputs.data changed',
      'inputs.teacher added',
      'sources.labels added',
      'sources.root removed',
    ]);
  });

  it('says of a reference that became a value both that the input went and that the value came', () => {
    const after = { ...withParams({ data: 'digits' }), inputs: [] };
    expect(explain(before, after)).toEqual(['params.data added "digits"', 'inputs.data removed']);
  });

  it('names the version of the kind, or the kind', () => {
    expect(explain(before, { ...before, resultVersion: 2 })).toEqual(['kind version 1 → 2']);
    expect(explain(before, { ...before, kind: 'train-teacher' })).toEqual(['kind distill-student → train-teacher']);
  });

  it('does not compare parameters that are no part of the key', () => {
    const after = { ...withParams({ log_every: 10, lr: 1 }), unkeyed: ['log_every'] };
    expect(explain(before, after)).toEqual(['params.lr 0.0001 → 1']);
  });

  it('says what changed in a source where that is known', () => {
    const changed: Ingredients = { ...before, sources: [{ name: 'root', digest: 'b2' }] };
    const say = (was: string, is: string) => `${was} became ${is}`;
    expect(explain(before, changed, say)).toEqual(['sources.root changed: bb became b2']);
    expect(explain(before, changed, () => '')).toEqual(['sources.root changed']);
  });

  it('gives kind, parameters, inputs and sources in this order, by name', () => {
    const after: Ingredients = {
      kind: 'distill-student',
      resultVersion: 2,
      params: { ...before.params, model: 'resnet20', lr: 1 },
      inputs: [{ name: 'data', digest: 'a2' }],
      sources: [{ name: 'root', digest: 'b2' }],
    };
    expect(explain(before, after)).toEqual([
      'kind version 1 → 2',
      'params.lr 0.0001 → 1',
      'params.model "resnet8" → "resnet20"',
      'inputs.data changed',
      'sources.root changed',
    ]);
  });

  it('finds a reason exactly when the key differs', () => {
    const leaf = fc.oneof(fc.constantFrom<Json>(null, true, 0, -0, 1, '1', '', 'a'), fc.constant<Json>([]));
    const params = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(leaf, fc.array(leaf, { maxLength: 2 }), fc.dictionary(fc.constantFrom('x', 'y'), leaf)),
    ) as fc.Arbitrary<JsonObject>;
    const contents = fc.subarray([
      { name: 'one', digest: 'aa' },
      { name: 'two', digest: 'bb' },
    ]);
    const ingredients = fc.record({
      kind: fc.constantFrom('a', 'b'),
      resultVersion: fc.constantFrom(1, 2),
      params,
      inputs: fc.constant([]),
      sources: contents,
    });
    fc.assert(
      fc.property(ingredients, ingredients, fc.boolean(), (one, two, onlyParams) => {
        const other = onlyParams ? { ...one, params: two.params } : two;
        expect(explain(one, other).length === 0).toBe(stageKey(one) === stageKey(other));
      }),
      { numRuns: 2000 },
    );
  });
});
