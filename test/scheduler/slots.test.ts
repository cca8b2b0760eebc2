import { describe, expect, it } from 'vitest';
import { Slots, type Reservation } from '../../src/scheduler/slots.ts';

const ask = (cpu: number, gpu = 0) => ({ cpu, gpu, memory: 0 });
const reserved = (reservation: Reservation | string): Reservation => {
  if (typeof reservation === 'string') throw new Error(`no ${reservation} left`);
  return reservation;
};

describe('Slots', () => {
  it('hands slots out until there are none, and takes them back', () => {
    const slots = new Slots({ slots: 3, gpus: 0 });
    const two = reserved(slots.reserve(ask(2)));
    expect(slots.reserve(ask(2))).toBe('cpu');
    const one = reserved(slots.reserve(ask(1)));
    expect(slots.reserve(ask(1))).toBe('cpu');
    slots.releaser(one)();
    slots.releaser(two)();
    expect(slots.reserve(ask(3))).toEqual({ cpu: 3, gpu: 0 });
  });

  it('counts GPUs', () => {
    const slots = new Slots({ slots: 8, gpus: 3 });
    const reservations = [reserved(slots.reserve(ask(1, 1))), reserved(slots.reserve(ask(1, 2)))];
    expect(slots.reserve(ask(1, 1))).toBe('gpu');
    for (const reservation of reservations) slots.releaser(reservation)();
    expect(slots.reserve(ask(1, 3))).toEqual({ cpu: 1, gpu: 3 });
  });

  it('gives all there is to a cell that asks for more', () => {
    const slots = new Slots({ slots: 2, gpus: 1 });
    expect(slots.fit(ask(64, 8))).toEqual({ cpu: 2, gpu: 1 });
    expect(slots.reserve(ask(64, 8))).toEqual({ cpu: 2, gpu: 1 });
  });

  it('never runs out where the executor has a queue of its own', () => {
    const slots = new Slots({ slots: Infinity, gpus: Infinity });
    for (let n = 0; n < 5; n++) expect(slots.reserve(ask(64, 8))).toEqual({ cpu: 64, gpu: 8 });
  });

  it('takes a reservation back once, however often it is told', () => {
    const slots = new Slots({ slots: 2, gpus: 0 });
    const free = slots.releaser(reserved(slots.reserve(ask(1))));
    expect([free(), free(), free()]).toEqual([true, false, false]);
    expect(slots.reserve(ask(2))).toEqual({ cpu: 2, gpu: 0 });
    expect(slots.reserve(ask(1))).toBe('cpu');
  });

  it('reserves nothing when one of the two is missing', () => {
    const slots = new Slots({ slots: 1, gpus: 1 });
    const one = reserved(slots.reserve(ask(1)));
    expect(slots.reserve(ask(1, 1))).toBe('cpu');
    slots.releaser(one)();
    expect(reserved(slots.reserve(ask(1, 1))).gpu).toBe(1);
  });
});
