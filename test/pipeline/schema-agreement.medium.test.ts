import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { planPipeline } from '../../src/pipeline/plan.ts';
import { pipelineSchema } from '../../src/pipeline/schema.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';
import type { ParamSchema, StageKind } from '../../src/stages/stage-kind.ts';
import { yamlOf } from './support/yaml.ts';

const names = catalogue();
const validate = new Ajv({ strict: false, allErrors: true }).compile(pipelineSchema(kinds, names));

/** Values of every type, at limits that parameters have and beyond them, and words that some parameter knows. */
const values: readonly Json[] = [
  ...[null, true, false, -1, 0, 1e-9, 0.5, 0.999, 1, 1.5, 2, 7, 8, 64, 1024, 1025, 65_536, 65_537, 100_000, 100_001],
  ...[2 ** 32 - 1, 2 ** 32, '', '0', 'x', 'none', 'auto', 'wasm', 'adamw', 'cosine', 'last', 'val.loss', 'random'],
  ...['resnet8', 'SoftTarget', 'idx', 'imagenet', 'skip', 'metrics.json', '.', 'train', 'code', 'classes'],
  ...[[], [1], [3, 4], [4, 4], ['val'], ['val', 'val'], ['none', 'ten-crop'], ['true'], [null]],
  [
    [0.5, 0.5, 0.5],
    [0.2, 0.2, 0.2],
  ],
  [
    [0.5, 0.5, 0.5],
    [0.2, 0.2, 0],
  ],
  ...[[{ method: 'AT', weight: 1 }], [{ method: 'AT', temperature: 0 }], [{ weight: 1 }]],
  ...[{}, { val: 0.5 }, { val: 1 }, { val: 0.5, no: 1 }, { train: 2 }, { train: 1 }, { a: 'b' }, { a: 1 }, { a: null }],
];

/** Those, and what the parameter itself names. */
function valuesFor({ enum: named, default: preset }: ParamSchema): readonly Json[] {
  return [...values, ...(named ?? []), ...(preset === undefined ? [] : [preset])];
}

const stageWith = (kind: string, param: string, value: Json) => ({
  stages: { one: { uses: kind, with: { [param]: value } } },
});

/** True when an editor underlines the value. */
function isUnderlined(kind: string, param: string, value: Json): boolean {
  validate(stageWith(kind, param, value));
  return (validate.errors ?? []).some(({ instancePath }) => instancePath.startsWith(`/stages/one/with/${param}`));
}

/** What the plan says against the value itself; that others are missing, or that it does nothing, is another matter. */
function problemsOf(kind: string, param: string, value: Json): readonly string[] {
  const text = yamlOf(stageWith(kind, param, value));
  const plan = planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: names });
  if (plan.ok) return [];
  const own = new RegExp(`^parameter ${param}[.:]`);
  return plan.failures.map(({ message }) => message).filter((message) => own.test(message));
}

describe.each(Object.entries<StageKind>(kinds))('of %s', (name, kind) => {
  const params = Object.entries(kind.params);

  it.each(params)('what an editor says of %s is what the plan says, for values of all sorts', (param, schema) => {
    const disagreed = valuesFor(schema).filter(
      (value) => isUnderlined(name, param, value) !== problemsOf(name, param, value).length > 0,
    );
    expect(disagreed).toEqual([]);
  });

  it('no parameter takes everything, and none refuses everything that is written for it', () => {
    for (const [param, schema] of params) {
      const taken = valuesFor(schema).filter((value) => problemsOf(name, param, value).length === 0);
      expect(taken.length, param).toBeLessThan(values.length);
      // Only plugins have what extra_metrics takes.
      if (!schema['x-input'] && param !== 'extra_metrics') expect(taken.length, param).toBeGreaterThan(0);
    }
  });
});
