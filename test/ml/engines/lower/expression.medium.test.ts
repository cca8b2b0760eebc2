import { afterAll, describe, expect, it } from 'vitest';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { evaluateNodes } from '../../../support/evaluate-expression.ts';
import { nativeExecutor } from '../../../support/native.ts';
import { runNodes } from '../../../../src/ml/engines/evaluate-expression.ts';
import { expressions } from './expressions.ts';

const options = { threads: 3, memory: 2 ** 26 };
const relaxed = new WasmExecutor(options);
const native = nativeExecutor(options);

afterAll(async () => {
  await Promise.all([relaxed.dispose(), native?.dispose()]);
});

const bits = (values: readonly ArrayLike<number>[]): readonly string[] =>
  values.map((one) => Buffer.from(Float32Array.from(one).buffer).toString('hex'));

describe('an expression on kernels', () => {
  it.each(expressions)(
    'is that of float64 but for rounding, to the same bits on all builds: $title',
    ({ roots, values }) => {
      const expected = evaluateNodes(roots, values);
      const found = runNodes(relaxed, roots, values, 1);
      found.forEach((result, k) => {
        const peak = Math.max(1, ...expected[k]!.map(Math.abs));
        result.forEach((value, i) => expect(Math.abs(value - expected[k]![i]!) / peak).toBeLessThan(2e-6));
      });
      for (const executor of native ? [relaxed, native] : [relaxed])
        for (const threads of [1, 3]) expect(bits(runNodes(executor, roots, values, threads))).toEqual(bits(found));
    },
  );
});
