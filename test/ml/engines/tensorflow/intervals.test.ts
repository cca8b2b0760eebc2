import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Intervals } from '../../../../src/ml/engines/tensorflow/intervals.ts';
import { nameOf, Partition } from '../../../../src/ml/engines/tensorflow/partition.ts';

const stretches = fc.array(
  fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 8 })).map(([from, length]) => [from, from + length] as const),
  { maxLength: 12 },
);

describe('intervals', () => {
  it('hold at each place what was put there last', () => {
    fc.assert(
      fc.property(stretches, (puts) => {
        const intervals = new Intervals<number>();
        const line = Array<string | undefined>(30).fill(undefined);
        puts.forEach(([from, to], value) => {
          intervals.put(from, to, value);
          for (let place = from; place < to; place++) line[place] = `${value} at ${place - from}`;
        });
        const found = Array<string | undefined>(30).fill(undefined);
        for (const { from, to, value, start } of intervals.all())
          for (let place = from; place < to; place++) found[place] = `${value} at ${start + place - from}`;
        expect(found).toEqual(line);
      }),
    );
  });

  it('give what lies within a stretch, and what does not', () => {
    const intervals = new Intervals<string>();
    intervals.put(0, 10, 'a');
    intervals.put(14, 20, 'b');
    expect(intervals.within(8, 16)).toEqual([
      { from: 8, to: 10, value: 'a', start: 8 },
      { from: 14, to: 16, value: 'b', start: 0 },
    ]);
    expect(intervals.gaps(8, 25)).toEqual([
      { from: 10, to: 14 },
      { from: 20, to: 25 },
    ]);
    intervals.remove(2, 15);
    expect(intervals.all()).toEqual([
      { from: 0, to: 2, value: 'a', start: 0 },
      { from: 15, to: 20, value: 'b', start: 1 },
    ]);
  });
});

describe('a partition', () => {
  it('cuts regions so that every stretch asked for is a number of whole cells', () => {
    fc.assert(
      fc.property(stretches, (asked) => {
        const partition = new Partition();
        for (const [from, to] of asked) partition.cells(3, from, to);
        const { cuts } = partition;
        for (const [from, to] of asked) {
          const cells = partition.cells(3, from, to);
          expect(cells[0]!.from).toBe(from);
          expect(cells.at(-1)!.to).toBe(to);
          cells.slice(1).forEach((cell, k) => expect(cell.from).toBe(cells[k]!.to));
        }
        // Nothing new was asked for.
        expect(partition.cuts).toBe(cuts);
        expect(new Set(partition.all().map(nameOf)).size).toBe(partition.all().length);
      }),
    );
  });

  it('knows the cells that have something of a stretch', () => {
    const partition = new Partition();
    partition.cells(1, 0, 4);
    partition.cells(1, 4, 8);
    partition.cells(2, 0, 8);
    expect(partition.touched(1, 3, 5)).toEqual([
      { region: 1, from: 0, to: 4 },
      { region: 1, from: 4, to: 8 },
    ]);
    expect(partition.touched(1, 8, 9)).toEqual([]);
  });
});
