import { describe, expect, it } from 'vitest';
import { Slots, type Claim } from '../../src/scheduler/slots.ts';

const ask = (cpu: number, gpu = 0) => ({ cpu, gpu, memory: 0 });
const claimed = (claim: Claim | string): Claim => {
  if (typeof claim === 'string') throw new Error(`no ${claim} left`);
  return claim;
};

describe('Slots', () => {
  it('hands slots out until there are none, and takes them back', () => {
    const slots = new Slots(3, []);
    const two = claimed(slots.claim(ask(2)));
    expect(slots.claim(ask(2))).toBe('cpu');
    const one = claimed(slots.claim(ask(1)));
    expect(slots.claim(ask(1))).toBe('cpu');
    slots.releaser(one)();
    slots.releaser(two)();
    expect(slots.claim(ask(3))).toEqual({ cpu: 3, gpus: [] });
  });

  it('gives the lowest free GPUs, each to one cell at a time', () => {
    const slots = new Slots(8, [0, 1, 2]);
    const first = claimed(slots.claim(ask(1, 1)));
    const second = claimed(slots.claim(ask(1, 2)));
    expect([first.gpus, second.gpus]).toEqual([[0], [1, 2]]);
    expect(slots.claim(ask(1, 1))).toBe('gpu');
    slots.releaser(second)();
    slots.releaser(first)();
    expect(claimed(slots.claim(ask(1, 3))).gpus).toEqual([0, 1, 2]);
  });

  it('gives all there is to a cell that asks for more', () => {
    const slots = new Slots(2, [5]);
    expect(slots.fit(ask(64, 8))).toEqual({ cpu: 2, gpu: 1 });
    expect(slots.claim(ask(64, 8))).toEqual({ cpu: 2, gpus: [5] });
  });

  it('takes a claim back once, however often it is told', () => {
    const slots = new Slots(2, []);
    const free = slots.releaser(claimed(slots.claim(ask(1))));
    expect([free(), free(), free()]).toEqual([true, false, false]);
    expect(slots.claim(ask(2))).toEqual({ cpu: 2, gpus: [] });
    expect(slots.claim(ask(1))).toBe('cpu');
  });

  it('claims nothing when one of the two is missing', () => {
    const slots = new Slots(1, [0]);
    claimed(slots.claim(ask(1)));
    expect(slots.claim(ask(1, 1))).toBe('cpu');
    slots.releaser({ cpu: 1, gpus: [] })();
    expect(claimed(slots.claim(ask(1, 1))).gpus).toEqual([0]);
  });
});
