import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { KdMethod } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import type { Shape } from '../../../src/ml/network/network.ts';
import { EngineRunner } from '../../support/engine-runner.ts';
import { signed } from '../../support/hashed.ts';
import { alike, evaluate } from '../../support/kd-evaluation.ts';
import { largestDifference } from '../../support/loss-reference.ts';

type Shapes = Readonly<Record<string, readonly [number, number, number]>>;
interface Row {
  readonly student: Shapes;
  readonly teacher: Shapes;
  readonly value: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly weights: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly gradient: readonly number[] }>
  >;
}
const rows = JSON.parse(
  readFileSync(new URL('../../fixtures/further-terms.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Row>>;

/** What a row's second word stands for. */
const OPTIONS: Readonly<Record<string, (form: string) => JsonObject>> = {
  CC: (form) => ({ cc_form: form, cc_features: 5 }),
  FSP: (form) => ({ fsp_form: form }),
  KDSVD: (form) => ({ svd_rank: Number.parseInt(form), svd_form: form.endsWith('w') ? 'width' : 'channels' }),
  AB: (form) => ({ ab_form: form }),
  FT: (form) => ({ ft_form: form }),
  MLKD: (form) => ({ mlkd_standardise: form === 'scores' }),
  ICKD: (form) => ({ ickd_form: form }),
  'WKD-F': (grid) => ({ wkd_grid: Number(grid) }),
};

const IMAGES = 4;
const reference = await createEngine('reference', { threads: 1 });

/** Shapes and values of one side's taps. */
function sideOf(side: string, shapes: Shapes) {
  const entries = Object.entries(shapes).map(([tap, [height, width, channels]]) => {
    const values = Float64Array.from(signed(`${side}.${tap}`, IMAGES * height * width * channels, 2));
    return [tap, { shape: { height, width, channels } satisfies Shape, values }] as const;
  });
  const pick = <K extends 'shape' | 'values'>(key: K) =>
    Object.fromEntries(entries.map(([tap, one]) => [tap, one[key]])) as Record<string, (typeof entries)[0][1][K]>;
  return { shapes: pick('shape'), values: pick('values') };
}

describe('terms that came later', () => {
  // Of SimKD's network, which simkd.test.ts has.
  const terms = Object.entries(rows).filter(([title]) => !title.startsWith('SimKD'));

  it.each(terms)('have PyTorch’s value and gradients, those of adapters too: %s', (title, row) => {
    const [name, form] = title.split(' ') as [keyof typeof methods, string];
    const method: KdMethod = methods[name];
    const [student, teacher] = [sideOf('student', row.student), sideOf('teacher', row.teacher)];
    const weights = Object.entries(row.weights).map(([weight, { shape }]) => {
      const size = shape.reduce((product, n) => product * n, 1);
      return [weight, signed(weight, size, 0.5)] as const;
    });
    const runner = new EngineRunner(reference, new Map(weights));
    const { value, gradients } = evaluate({
      ...{ method, runner, labels: new Int32Array(IMAGES) },
      options: OPTIONS[name]?.(form) ?? {},
      shapes: { student: student.shapes, teacher: teacher.shapes },
      taps: { student: student.values, teacher: teacher.values },
    });
    // What goes in and out of adapters is float32.
    const tolerance = weights.length > 0 ? 1e-6 : 1e-9;
    expect(Math.abs(value / row.value - 1)).toBeLessThan(tolerance);
    for (const [tap, slopes] of Object.entries(row.gradients))
      expect(largestDifference(gradients[tap]!, slopes), tap).toBeLessThan(tolerance);
    const ofWeights = runner.gradients();
    expect([...ofWeights.keys()].sort()).toEqual(Object.keys(row.weights).sort());
    for (const [weight, { gradient }] of Object.entries(row.weights))
      expect(largestDifference(ofWeights.get(weight)!, gradient), weight).toBeLessThan(tolerance);
  });

  it('FT stays finite where all factors are 0, as of weights that are', () => {
    const shapes = alike('block4', { height: 2, width: 2, channels: 4 });
    const side = { block4: signed('block4', IMAGES * 16) };
    const runner = new EngineRunner(reference, new Map());
    const labels = new Int32Array(IMAGES);
    for (const form of ['code', 'paper']) {
      const options = { ft_form: form };
      const found = evaluate({
        ...{ method: methods.FT, options, runner, shapes, labels },
        taps: { student: side, teacher: side },
      });
      const slopes = [...runner.gradients().values()].flatMap((values) => [...values]);
      expect([found.value, ...found.gradients['block4']!, ...slopes].every(Number.isFinite)).toBe(true);
    }
  });

  it.each([
    ['0', () => 0],
    ['of one direction', (i: number) => (1 + (i % 4)) * (1 + Math.floor(i / 4))],
    ['of values that are equal', (i: number) => Number(i % 5 === 0)],
  ])('KDSVD stays finite where maps are %s', (_, of) => {
    const shape = { height: 2, width: 2, channels: 4 };
    const maps = { block1: shape, block2: shape };
    const plain = Float64Array.from({ length: IMAGES * 16 }, (_value, i) => of(i));
    const usual = Float64Array.from(signed('map', IMAGES * 16));
    for (const student of [plain, usual]) {
      const found = evaluate({
        ...{
          method: methods.KDSVD,
          options: { svd_rank: 2, svd_form: 'channels' },
          runner: new EngineRunner(reference, new Map()),
        },
        ...{ shapes: { student: maps, teacher: maps }, labels: new Int32Array(IMAGES) },
        taps: { student: { block1: student, block2: usual }, teacher: { block1: plain, block2: plain } },
      });
      expect(
        [found.value, ...Object.values(found.gradients).flatMap((values) => [...values])].every(Number.isFinite),
      ).toBe(true);
    }
  });

  it('WKD-F’s bottleneck is three convolutions of 256 channels, batch norm and a ReLU, as in the authors’ program', () => {
    const shapes = alike('block4', { height: 2, width: 2, channels: 4 });
    const options = { wkd_mean: 2, wkd_projector: 'bottleneck', wkd_grid: 1 };
    const { adapters } = methods['WKD-F'].create(options, shapes, shapes, { labels: new Int32Array(), seed: 0 });
    expect(adapters).toHaveLength(1);
    expect(adapters![0]!.network.layers.slice(1)).toMatchObject([
      { kind: 'conv', kernel: 1, outChannels: 256, bias: true },
      { kind: 'conv', kernel: 3, outChannels: 256, bias: true },
      { kind: 'conv', kernel: 1, outChannels: 4, bias: true },
      { kind: 'batch-norm' },
      { kind: 'activation', function: 'relu' },
    ]);
  });

  it.each(['FSP', 'KDSVD'] as const)('%s refuses networks of other widths', (name) => {
    const wide = { block1: { height: 4, width: 4, channels: 4 }, block2: { height: 2, width: 2, channels: 8 } };
    const narrow = { ...wide, block2: { height: 2, width: 2, channels: 6 } };
    const shapes = { student: narrow, teacher: wide };
    const options = { fsp_form: 'code', svd_rank: 1, svd_form: 'channels' };
    expect(() => methods[name].create(options, shapes, shapes, { labels: new Int32Array(), seed: 0 })).toThrow(
      `${name} can't compare block2: the student's map has 6 channels, the teacher's 8`,
    );
  });

  it('AB reads a block before its ReLU where a network has one there', () => {
    const available = { teacher: ['stem', 'preact1', 'block1'], student: ['stem', 'block1'] };
    expect(methods.AB.taps({}, available)).toEqual({ teacher: ['preact1'], student: ['block1'] });
  });
});
