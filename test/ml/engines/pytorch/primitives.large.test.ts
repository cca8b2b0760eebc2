import { afterAll, describe, expect, it } from 'vitest';
import { trainABit } from '../../../../src/ml/engines/kernels/sample.ts';
import { PRIMITIVES, type PrimitiveName } from '../../../../src/ml/engines/primitives.ts';
import type { PyTorchExecutor } from '../../../../src/ml/engines/pytorch/executor.ts';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { difference, runPrimitive } from '../../../support/primitive.ts';
import { missing } from '../../../support/pytorch.ts';
import { pytorchExecutor } from '../../../support/pytorch-executor.ts';
import type { Call } from '../calls/call.ts';
import { families } from '../calls/families.ts';

/** A convolution's scale goes into its filter, which is rounded once more. */
const ROOM = 2;
const lacking = missing('torch');
const reference = new ReferenceExecutor();
const seen = new Set<PrimitiveName>();
let executor: PyTorchExecutor | undefined;
/** Calls lie as the C kernels have them: panels of eight. */
const pytorch = (): PyTorchExecutor => (executor ??= pytorchExecutor({ panel: reference.target.panel }));

afterAll(() => executor?.dispose());

function check(calls: readonly Call[], tolerance: number): void {
  for (const call of calls) {
    seen.add(call.primitive);
    const expected = runPrimitive(reference, call);
    const got = runPrimitive(pytorch(), call);
    for (const name of Object.keys(expected)) {
      if (call.scratch?.includes(name)) continue;
      const what = `${name} of ${call.primitive} ${JSON.stringify(call.numbers)}`;
      expect(difference(got[name]!, expected[name]!), what).toBeLessThan(ROOM * tolerance);
    }
  }
}

describe.skipIf(lacking !== undefined)(`PyTorch${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  describe.each(Object.entries(families))('computes %s as the reference does', (_, cases) => {
    it.each(cases)('$title', ({ calls, tolerance }) => check(calls(), tolerance));
  });

  it('has every primitive', () => {
    expect([...seen].sort()).toEqual(Object.keys(PRIMITIVES).sort());
  });

  it('trains a network of all kinds of layers as the reference does', async () => {
    const [expected, got] = [await trainABit(new ReferenceExecutor(), 1), await trainABit(pytorchExecutor(), 1)];
    expect([...got.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) {
      // AdamW makes steps of full length of gradients that are 0 up to rounding; its own rule is compared above.
      if (name.startsWith('adamw ')) continue;
      expect(difference(got.get(name)!, values), name).toBeLessThan(2e-5);
    }
  });
});
