import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadyQueue } from '../../src/scheduler/ready-queue.ts';

describe('ReadyQueue', () => {
  it('gives cells back by urgency, then in the order of the plan, however they came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (values, order) => {
          const queue = new ReadyQueue(Float64Array.from(values));
          const left = values.map((_, cell) => cell);
          while (left.length) queue.push(left.splice((order.next().value ?? 0) % left.length, 1)[0]!);
          const expected = values.map((_, cell) => cell).sort((a, b) => values[b]! - values[a]! || a - b);
          expect(Array.from(expected, () => queue.pop())).toEqual(expected);
          expect(queue.pop()).toBeUndefined();
        },
      ),
    );
  });

  it('behaves like a sorted list when cells come and go in turn', () => {
    const steps = fc.array(fc.oneof(fc.constant('pop' as const), fc.nat({ max: 30 })), { maxLength: 100 });
    const urgency = Float64Array.from({ length: 31 }, (_, cell) => (cell * 7) % 5);
    fc.assert(
      fc.property(steps, (path) => {
        const queue = new ReadyQueue(urgency);
        let plain: number[] = [];
        for (const step of path) {
          if (step === 'pop') {
            plain.sort((a, b) => urgency[b]! - urgency[a]! || a - b);
            expect(queue.peek()).toBe(plain[0]);
            expect(queue.pop()).toBe(plain[0]);
            plain = plain.slice(1);
          } else if (!plain.includes(step)) {
            queue.push(step);
            plain.push(step);
          }
          expect(queue.size).toBe(plain.length);
        }
      }),
    );
  });
});
