import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { hashed, hashedState } from '../../support/hashed.ts';
import { goldens } from '../../support/model-fixtures.ts';
import { parity } from '../../support/parity.ts';

/** The reference engine takes a minute for each of the others. */
const QUICK: readonly ModelName[] = [
  'mobilenetv2',
  'ghostnet',
  'mobile_half',
  'resnet8',
  'shufflenet_v2_x1_0',
  'shuffle_v1',
  'shuffle_v2',
];

const wasm = await createEngine('wasm', { threads: 2 });
const reference = await createEngine('reference', { threads: 1 });
afterAll(async () => {
  await Promise.all([wasm.dispose(), reference.dispose()]);
});

interface HashFile {
  readonly checks: readonly { readonly name: string; readonly u32: Readonly<Record<string, number>> }[];
  readonly 'conv1.weight of resnet50, gain 1': {
    readonly first4: readonly number[];
    readonly sum: number;
    readonly sum_of_squares: number;
  };
}

describe('hash-made numbers', () => {
  const file = JSON.parse(readFileSync(new URL('../../fixtures/hash.json', import.meta.url), 'utf8')) as HashFile;

  it.each(file.checks)('are the reference set’s integers for $name', ({ name, u32 }) => {
    const values = hashed(name, 12346);
    for (const index of [0, 1, 2, 12345]) expect(values[index]! * 2 ** 32).toBe(u32[index]);
  });

  it('fill resnet50’s first convolution as the reference set does', () => {
    const expected = file['conv1.weight of resnet50, gain 1'];
    const network = models.resnet50.build({ height: 32, width: 32, channels: 3 }, 2);
    const values = [...hashedState(network).get('conv1.weight')!];
    expected.first4.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 8);
    });
    expect(values.reduce((sum, x) => sum + x, 0)).toBeCloseTo(expected.sum, 5);
    expect(values.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(expected.sum_of_squares, 5);
  });
});

describe('networks against PyTorch in float64', () => {
  const quick = [...goldens].filter(([name]) => QUICK.includes(name));
  const cases = [
    ...[...goldens].map(([name, golden]) => ({ name, golden, engine: wasm, precision: 'float32' as const })),
    // float64 from end to end, but for what goes in and comes out: what is wrong here is wrong in the network's table.
    ...quick.map(([name, golden]) => ({ name, golden, engine: reference, precision: 'float64' as const })),
  ];

  it.each(cases)(
    '$name on the $engine.name engine: logits, blocks, loss, statistics and gradients within $precision',
    ({ name, golden, engine, precision }) => {
      const differences = parity(engine, name, golden);
      expect(differences).toHaveLength(9);
      for (const { quantity, difference, tolerance } of differences)
        expect(difference, quantity).toBeLessThanOrEqual(tolerance[precision]);
    },
  );
});
