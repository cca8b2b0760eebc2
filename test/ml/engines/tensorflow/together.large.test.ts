import { afterAll, describe, expect, it, vi } from 'vitest';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import { Model } from '../../../../src/ml/engines/tensorflow/binding.ts';
import { difference } from '../../../support/primitive.ts';
import { lacking, tensorflowExecutor } from '../../../support/tensorflow.ts';
import { describeClip } from '../../train/clip-checks.ts';
import { ROUNDS, rounds, setting } from '../together-checks.ts';

const engine = lacking === undefined ? new CompiledEngine(tensorflowExecutor()) : undefined;
afterAll(() => engine?.dispose());

/** Fused otherwise, sums are rounded otherwise. */
const ROUNDING = 1e-4;

function expectClose(
  got: readonly (Float32Array | Float64Array)[],
  expected: readonly (Float32Array | Float64Array)[],
) {
  expect(got).toHaveLength(expected.length);
  got.forEach((values, i) =>
    expect(difference(Float32Array.from(values), Float32Array.from(expected[i]!)), `array ${i}`).toBeLessThan(ROUNDING),
  );
}

if (engine) describeClip('tensorflow', engine);

describe.skipIf(!engine)(`runs made together${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  it('give what they give one by one', () => {
    expectClose(
      rounds(engine!, (work) => engine!.together(work)),
      rounds(engine!, (work) => work()),
    );
  });

  it('are one call of TensorFlow, and load no graph after the first', () => {
    const runs = vi.spyOn(Model.prototype, 'run');
    const made: number[] = [];
    rounds(engine!, (work) => {
      runs.mockClear();
      engine!.together(work);
      made.push(runs.mock.calls.filter(([, wanted]) => wanted.some((name) => name.endsWith('.done'))).length);
    });
    runs.mockRestore();
    expect(made).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });

  it('are made in time for whoever reads their memory', () => {
    const results = [(work: () => void) => work(), (work: () => void) => engine!.together(work)].map((gather) => {
      const { students, show, state } = setting(engine!);
      const found: Float32Array[] = [];
      gather(() => {
        show(0);
        students[0]!.begin(0);
        show(1);
        students[0]!.begin(1);
        found.push(Float32Array.from(students[0]!.loss()), students[0]!.session.read().get('head.weight')!);
      });
      return [...found, ...state()];
    });
    expectClose(results[1]!, results[0]!);
  });
});
