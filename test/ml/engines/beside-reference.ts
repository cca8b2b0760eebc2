import { describe, expect, it } from 'vitest';
import type { Executor } from '../../../src/ml/engines/executor.ts';
import { trainABit } from '../../../src/ml/engines/kernels/sample.ts';
import { PRIMITIVES, type PrimitiveName } from '../../../src/ml/engines/primitives.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { difference, ROOM, runPrimitive } from '../../support/primitive.ts';
import { families } from './calls/families.ts';

/** What is compared. */
export interface Compared {
  /** Runs the calls, whose filters lie as the reference has them. */
  readonly executor: () => Executor;
  readonly reference: ReferenceExecutor;
  /** Makes one that trains, with a layout of its own. */
  readonly make: () => Executor;
}

/** Tests that an executor computes every primitive, and trains a network, as the reference does. */
export function itAgreesWithTheReference({ executor, reference, make }: Compared): void {
  const seen = new Set<PrimitiveName>();

  describe.each(Object.entries(families))('computes %s as the reference does', (_, cases) => {
    it.each(cases)('$title', ({ calls, tolerance }) => {
      for (const call of calls()) {
        seen.add(call.primitive);
        const [expected, got] = [runPrimitive<PrimitiveName>(reference, call), runPrimitive(executor(), call)];
        for (const name of Object.keys(expected).filter((one) => !call.scratch?.includes(one))) {
          const what = `${name} of ${call.primitive} ${JSON.stringify(call.numbers)}`;
          expect(difference(got[name]!, expected[name]!), what).toBeLessThan(ROOM * tolerance);
        }
      }
    });
  });

  it('has every primitive', () => {
    expect([...seen].sort()).toEqual(Object.keys(PRIMITIVES).sort());
  });

  it('trains a network of all kinds of layers as the reference does', async () => {
    const [expected, got] = [await trainABit(new ReferenceExecutor(), 1), await trainABit(make(), 1)];
    expect([...got.keys()]).toEqual([...expected.keys()]);
    for (const [name, values] of expected) {
      // AdamW makes steps of full length of gradients that are 0 up to rounding; its own rule is compared above.
      if (name.startsWith('adamw ')) continue;
      expect(difference(got.get(name)!, values), name).toBeLessThan(2e-5);
    }
  });
}
