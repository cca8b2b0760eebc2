import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBuffers } from '../../../src/ml/engines/plan.ts';
import type { Operation, Ref } from '../../../src/ml/engines/program.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const LINE = 16;
const lines = (floats: number): number => Math.ceil(floats / LINE) * LINE;

const step = (buffer: number): Ref => ({ space: 'step', buffer });
const elsewhere: Ref = { space: 'gradient', offset: 0 };

/** An operation on up to three buffers. */
function touching([a, b, c]: readonly number[]): Operation {
  const ref = (buffer: number | undefined): Ref => (buffer === undefined ? elsewhere : step(buffer));
  return { primitive: 'add', operands: { a: ref(a), b: ref(b), y: ref(c) }, numbers: { count: 1, activation: 0 } };
}

interface Case {
  readonly sizes: readonly number[];
  readonly touched: readonly (readonly number[])[];
  readonly pinned: ReadonlySet<number>;
}

const cases: fc.Arbitrary<Case> = fc
  .array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 14 })
  .chain((sizes) => {
    const buffer = fc.nat(sizes.length - 1);
    return fc.record({
      sizes: fc.constant(sizes),
      touched: fc.array(fc.array(buffer, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 20 }),
      pinned: fc.uniqueArray(buffer, { maxLength: 3 }).map((buffers) => new Set(buffers)),
    });
  });

const plan = ({ sizes, touched, pinned }: Case) =>
  planBuffers(sizes, touched.map(touching), pinned, KERNEL_TARGET.line);

/** Whether a buffer holds something while operation `at` runs. */
function isAlive({ touched, pinned }: Case, buffer: number, at: number): boolean {
  if (pinned.has(buffer)) return true;
  const uses = touched.flatMap((buffers, index) => (buffers.includes(buffer) ? [index] : []));
  return uses.length > 0 && uses[0]! <= at && at <= uses.at(-1)!;
}

/** Floats that any plan needs: the most that is alive at once. */
const leastOf = (made: Case): number =>
  Math.max(
    ...made.touched.map((_, at) =>
      made.sizes.reduce((sum, floats, buffer) => sum + (isAlive(made, buffer, at) ? lines(floats) : 0), 0),
    ),
  );

describe('a plan of buffers', () => {
  it('takes at least what is alive at once, and at most all used buffers side by side', () => {
    fc.assert(
      fc.property(cases, (made) => {
        const used = new Set([...made.pinned, ...made.touched.flat()]);
        const all = made.sizes.reduce((sum, floats, buffer) => sum + (used.has(buffer) ? lines(floats) : 0), 0);
        const { floats } = plan(made);
        expect(floats).toBeGreaterThanOrEqual(leastOf(made));
        expect(floats).toBeLessThanOrEqual(all);
      }),
    );
  });

  it('of a network without branches holds two maps, where all are of one size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 1, max: 100 }), (count, size) => {
        const sizes = Array.from({ length: count }, () => size);
        const touched = sizes.slice(1).map((_, index) => [index, index + 1]);
        expect(plan({ sizes, touched, pinned: new Set() }).floats).toBe(2 * lines(size));
      }),
    );
  });

  it('starts every buffer at a cache line, within its total', () => {
    fc.assert(
      fc.property(cases, (made) => {
        const { offsets, floats } = plan(made);
        expect(offsets).toHaveLength(made.sizes.length);
        const used = new Set([...made.pinned, ...made.touched.flat()]);
        offsets.forEach((offset, buffer) => {
          expect(offset % LINE).toBe(0);
          if (used.has(buffer)) expect(offset + lines(made.sizes[buffer]!)).toBeLessThanOrEqual(floats);
        });
      }),
    );
  });

  it('keeps what is pinned to itself, whenever others are used', () => {
    fc.assert(
      fc.property(cases, (made) => {
        const { offsets } = plan(made);
        const used = new Set([...made.pinned, ...made.touched.flat()]);
        for (const held of made.pinned)
          for (const other of used) {
            if (other === held) continue;
            const [from, to] = [offsets[held]!, offsets[held]! + made.sizes[held]!];
            expect(offsets[other]! >= to || offsets[other]! + made.sizes[other]! <= from).toBe(true);
          }
      }),
    );
  });

  it('does not depend on operations being repeated, only on when buffers are in use', () => {
    fc.assert(
      fc.property(cases, (made) => {
        const twice = { ...made, touched: made.touched.flatMap((buffers) => [buffers, buffers]) };
        expect(plan(twice)).toEqual(plan(made));
      }),
    );
  });

  it('takes as much memory backwards as forwards', () => {
    fc.assert(
      fc.property(cases, (made) => {
        expect(plan({ ...made, touched: made.touched.toReversed() })).toEqual(plan(made));
      }),
    );
  });

  it('counts operands of the session’s memory for nothing', () => {
    expect(planBuffers([], [touching([])], new Set(), KERNEL_TARGET.line)).toEqual({ offsets: [], floats: 0 });
    expect(planBuffers([40], [touching([])], new Set(), KERNEL_TARGET.line)).toEqual({ offsets: [0], floats: 0 });
  });

  it('keeps room for what is pinned though no operation names it', () => {
    expect(planBuffers([40, 8], [touching([1])], new Set([0]), KERNEL_TARGET.line)).toEqual({
      offsets: [0, 48],
      floats: 64,
    });
  });
});
