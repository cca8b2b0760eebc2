import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupBy } from '../../src/util/group.ts';

describe('groups', () => {
  it('stand in the order in which their names first occur, items in theirs', () => {
    const groups = groupBy(['b1', 'a1', 'b2', 'c1', 'a2'], (item) => item.charAt(0));
    expect([...groups]).toEqual([
      ['b', ['b1', 'b2']],
      ['a', ['a1', 'a2']],
      ['c', ['c1']],
    ]);
  });

  it('take any name, also those that every object has', () => {
    expect([...groupBy(['__proto__', 'constructor', ''], (item) => item).keys()]).toEqual([
      '__proto__',
      'constructor',
      '',
    ]);
  });

  it('lose and repeat nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (items) => {
        const groups = groupBy(items, (item) => String(item % 4));
        for (const [name, group] of groups) expect(group).toEqual(items.filter((item) => String(item % 4) === name));
        expect([...groups.values()].flat()).toHaveLength(items.length);
      }),
    );
  });
});
