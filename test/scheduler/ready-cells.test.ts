import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadyCells } from '../../src/scheduler/ready-cells.ts';
import { Slots, type Reservation } from '../../src/scheduler/slots.ts';
import { cell } from './fakes.ts';

interface Wish {
  readonly cpu: number;
  readonly gpu: number;
  readonly urgency: number;
}
const readyOf = (wishes: readonly Wish[]) => {
  const cells = wishes.map(({ cpu, gpu }, at) => cell(`c${at}`, { resources: { cpu, gpu } }));
  const ready = new ReadyCells(
    cells,
    Float64Array.from(wishes, ({ urgency }) => urgency),
  );
  wishes.forEach((_, at) => ready.push(at));
  return ready;
};
/** The order in which cells wait: most urgent first, then in the order of the plan. */
const queueOf = (wishes: readonly Wish[]) =>
  wishes.map((_, at) => at).sort((a, b) => wishes[b]!.urgency - wishes[a]!.urgency || a - b);

/** The rule in plain words, over a plain list; undefined when nothing may start. */
function plainTake(queue: readonly number[], wishes: readonly Wish[], free: { cpu: number; gpu: number }) {
  let gpusAwaited = false;
  for (const at of queue) {
    const { cpu, gpu } = wishes[at]!;
    if (gpusAwaited && gpu > 0) continue;
    if (gpu > free.gpu) gpusAwaited = true;
    else if (cpu > free.cpu) return undefined;
    else return at;
  }
  return undefined;
}

describe('ready cells', () => {
  const wishes = fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 4 }),
      gpu: fc.integer({ min: 0, max: 2 }),
      urgency: fc.nat({ max: 4 }),
    }),
    { maxLength: 25 },
  );

  it('start in the order of a plain list with the same rule, whatever runs meanwhile', () => {
    fc.assert(
      fc.property(wishes, fc.array(fc.nat({ max: 100 }), { minLength: 1, maxLength: 50 }), (all, ends) => {
        const ready = readyOf(all);
        const slots = new Slots({ slots: 4, gpus: 2 });
        let queue = queueOf(all);
        const free = { cpu: 4, gpu: 2 };
        const running: { at: number; reservation: Reservation }[] = [];
        for (let step = 0; queue.length || running.length; step++) {
          const expected = plainTake(queue, all, free);
          const next = ready.take(slots);
          expect(next?.cells[0]).toBe(expected);
          if (next) {
            running.push({ at: next.cells[0]!, reservation: next.reservation });
            free.cpu -= next.reservation.cpu;
            free.gpu -= next.reservation.gpu;
            queue = queue.filter((at) => at !== next.cells[0]);
            continue;
          }
          const [ended] = running.splice((ends[step % ends.length] ?? 0) % running.length, 1);
          free.cpu += ended!.reservation.cpu;
          free.gpu += ended!.reservation.gpu;
          slots.releaser(ended!.reservation)();
        }
        expect(ready.size).toBe(0);
      }),
    );
  });

  it('count what waits', () => {
    const ready = readyOf([
      { cpu: 1, gpu: 0, urgency: 0 },
      { cpu: 2, gpu: 0, urgency: 0 },
    ]);
    expect(ready.size).toBe(2);
    ready.take(new Slots({ slots: 1, gpus: 0 }));
    expect(ready.size).toBe(1);
  });

  it('start a cohort together, on one reservation, where its first cell stands', () => {
    const cells = ['a', 'b', 'c', 'd', 'e'].map((id) => cell(id));
    const ready = new ReadyCells(cells, Float64Array.of(1, 3, 2, 0, 0));
    for (const at of [3, 0]) ready.push(at, 'red');
    ready.push(1);
    ready.push(2, 'blue');
    ready.push(4, 'red');
    expect(ready.size).toBe(3);
    const slots = new Slots({ slots: 3, gpus: 0 });
    expect([1, 2, 3].map(() => ready.take(slots)?.cells)).toEqual([[1], [2], [0, 3, 4]]);
    expect(ready.size).toBe(0);
  });

  it('start a cell anew when the cohort that it could have joined has gone', () => {
    const ready = new ReadyCells(
      ['a', 'b'].map((id) => cell(id)),
      new Float64Array(2),
    );
    const slots = new Slots({ slots: 2, gpus: 0 });
    ready.push(0, 'red');
    expect(ready.take(slots)?.cells).toEqual([0]);
    ready.push(1, 'red');
    expect(ready.take(slots)?.cells).toEqual([1]);
  });

  it('refuse a cell that is none', () => {
    expect(() => readyOf([]).push(0)).toThrow(RangeError);
  });
});
