import { Ajv } from 'ajv';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { decodeParams } from '../../src/params/decode-params.ts';
import type { CamelCase } from '../../src/params/params-of.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';
import { parameterSchema } from '../../src/stages/schema.ts';
import type { StageKind } from '../../src/stages/stage-kind.ts';

const declaration = {
  params: {
    data: { 'x-input': { kinds: ['dataset'] } },
    model: { type: 'string', 'x-registry': 'models' },
    loss: { type: 'string', 'x-registry': 'losses', default: 'poly' },
    engine: { enum: ['auto'], 'x-registry': 'engines', default: 'auto' },
    batch_size: { type: 'integer', default: 64 },
    warmup_lr_end: { type: 'number' },
    crop: { enum: ['random', 'centre'], default: 'random' },
    flip: { type: 'boolean', default: false },
    dropout: { anyOf: [{ type: 'number' }, { type: 'null' }], default: null },
    side: { type: ['integer', 'null'] },
    splits: { type: 'array', items: { enum: ['train', 'val'] }, default: ['val'] },
    mean: { type: 'array', minItems: 3, maxItems: 3, items: { type: 'number' } },
    pair: { type: 'array', minItems: 2, maxItems: 2, items: [{ type: 'string' }, { type: 'boolean' }] },
    terms: {
      type: 'array',
      items: {
        type: 'object',
        properties: { method: { type: 'string' }, weight: { type: 'number' } },
        required: ['method'],
      },
    },
  },
  required: ['data', 'model'],
} as const;
const registries = { models: { resnet8: 1, vgg8: 2 }, engines: { wasm: 1 } };
const decode = (params: JsonObject) =>
  decodeParams(declaration, { data: { $input: 'data' }, model: 'vgg8', ...params }, registries);

describe('decoded parameters', () => {
  it('have names in camel case and the defaults of what the plan left out; inputs are not among them', () => {
    expect(decode({ batch_size: 8, warmup_lr_end: 0.5 })).toEqual({
      ...{ model: 'vgg8', loss: 'poly', engine: 'auto', batchSize: 8, warmupLrEnd: 0.5 },
      ...{ crop: 'random', flip: false, dropout: null, splits: ['val'] },
    });
  });

  it('have the types that their schemas say', () => {
    const decoded = decode({});
    expectTypeOf<CamelCase<'warmup_lr_end'>>().toEqualTypeOf<'warmupLrEnd'>();
    expectTypeOf(decoded.model).toEqualTypeOf<'resnet8' | 'vgg8'>();
    expectTypeOf(decoded.loss).toEqualTypeOf<string>();
    expectTypeOf(decoded.engine).toEqualTypeOf<'auto' | 'wasm'>();
    expectTypeOf(decoded.batchSize).toEqualTypeOf<number>();
    expectTypeOf(decoded.warmupLrEnd).toEqualTypeOf<number | undefined>();
    expectTypeOf(decoded.crop).toEqualTypeOf<'random' | 'centre'>();
    expectTypeOf(decoded.flip).toEqualTypeOf<boolean>();
    expectTypeOf(decoded.dropout).toEqualTypeOf<number | null>();
    expectTypeOf(decoded.side).toEqualTypeOf<number | null | undefined>();
    expectTypeOf(decoded.splits).toEqualTypeOf<readonly ('train' | 'val')[]>();
    expectTypeOf(decoded.mean).toEqualTypeOf<readonly [number, number, number] | undefined>();
    expectTypeOf(decoded.pair).toEqualTypeOf<readonly [string, boolean] | undefined>();
    expectTypeOf(decoded.terms?.[0]?.method).toEqualTypeOf<string | undefined>();
    expectTypeOf(decoded).not.toHaveProperty('data');
  });

  it.each<[string, JsonObject]>([
    ['batch_size', { batch_size: '8' }],
    ['batch_size', { batch_size: 1.5 }],
    ['model', { model: 'resnet9' }],
    ['model', { model: 'toString' }],
    ['loss', { loss: 3 }],
    ['engine', { engine: 'gpu' }],
    ['crop', { crop: 'left' }],
    ['flip', { flip: null }],
    ['dropout', { dropout: 'none' }],
    ['side', { side: 'big' }],
    ['splits', { splits: ['val', 'test'] }],
    ['splits', { splits: 'val' }],
    ['mean', { mean: [1, 2] }],
    ['pair', { pair: [true, 'a'] }],
    ['terms', { terms: [{ weight: 1 }] }],
    ['terms', { terms: [{ method: 'a', weight: 'b' }] }],
  ])('are refused by name where a value is another than its schema says: %s, %j', (name, params) => {
    expect(() => decode(params)).toThrow(new RegExp(`^parameter ${name} is .*, which its schema does not allow$`));
  });

  it('are refused where a required one is missing', () => {
    expect(() => decodeParams(declaration, { data: 'd' }, registries)).toThrow('parameter model is missing');
  });
});

describe.each(Object.values<StageKind>(kinds))('of $name', (kind) => {
  it('defaults that ajv fills in decode, every one', () => {
    const params: JsonObject = {};
    new Ajv({ useDefaults: true, strict: false, allErrors: true }).compile(parameterSchema(kind, catalogue()))(params);
    const decoded = decodeParams({ params: kind.params, required: [] }, params, {});
    const names = Object.keys(params).map((name) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
    expect(Object.keys(decoded).sort()).toEqual(names.sort());
  });
});
