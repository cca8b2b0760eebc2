import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byCodeUnits,
  pluralize,
  singular,
  editDistance,
  formatList,
  nameAdvice,
  nearestNames,
  withNameAdvice,
} from '../../src/util/text.ts';
import { catalogue } from '../../src/stages/catalogue.ts';

describe('advice', () => {
  it('asks for no more known names than it compares', () => {
    let asked = 0;
    function* known() {
      for (;;) yield `name${asked++}`;
    }
    expect(nearestNames('nam7', known())).toContain('name7');
    expect(nameAdvice('other', known())).toMatch(/^known: name2000, /);
    expect(asked).toBeLessThan(10_000);
  });
});

describe('byCodeUnits', () => {
  it('sorts capitals before small letters, whatever the locale', () => {
    expect(['b', 'a', 'B', 'ä', 'A'].sort(byCodeUnits)).toEqual(['A', 'B', 'a', 'b', 'ä']);
  });

  it('calls equal texts equal', () => {
    expect(byCodeUnits('a', 'a')).toBe(0);
  });

  it('is an order: what is before one way is after the other way', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(Math.sign(byCodeUnits(a, b))).toBe(-Math.sign(byCodeUnits(b, a)) + 0);
      }),
    );
  });
});

/** The definition, word by word: slow and obvious. */
function plainDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const same = a.at(-1) === b.at(-1);
  const replaced = plainDistance(a.slice(0, -1), b.slice(0, -1)) + (same ? 0 : 1);
  const least = Math.min(replaced, plainDistance(a.slice(0, -1), b) + 1, plainDistance(a, b.slice(0, -1)) + 1);
  const isSwap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
  return isSwap ? Math.min(least, plainDistance(a.slice(0, -2), b.slice(0, -2)) + 1) : least;
}

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['model', 'model', 0],
    ['mdoel', 'model', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
    ['epohs', 'epochs', 1],
  ])('of %j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('agrees with the definition', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(plainDistance(a, b));
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the direction', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
      }),
    );
  });
});

describe('singular', () => {
  it('is right for the name of every registry', () => {
    expect([...Object.keys(catalogue()), 'kinds'].map(singular).sort()).toEqual(
      ['augmentation', 'dataset', 'engine', 'export', 'kind', 'loss', 'method', 'metric', 'mixing', 'model'].sort(),
    );
  });
});

describe('nearestNames', () => {
  const models = ['resnet8', 'resnet20', 'mobilenetv2', 'ghostnet', 'vgg'];

  it('finds a name with two letters swapped', () => {
    expect(nearestNames('mobilnetev2', models)).toEqual(['mobilenetv2']);
  });

  it('gives the nearest first, and equally near ones by code units', () => {
    expect(nearestNames('resnet2', models)).toEqual(['resnet20', 'resnet8']);
  });

  it('does not mind capitals', () => {
    expect(nearestNames('VGG', models)).toEqual(['vgg']);
  });

  it('finds a name of which only a part was written', () => {
    expect(nearestNames('ghost', models)).toEqual(['ghostnet']);
  });

  it('gives nothing when nothing is near', () => {
    expect(nearestNames('transformer', models)).toEqual([]);
  });

  it('does not take one letter for another', () => {
    expect(nearestNames('a', ['b', 'c'])).toEqual([]);
  });

  it('gives at most as many as were asked for, each once', () => {
    expect(nearestNames('ab1', ['ab2', 'ab3', 'ab2', 'ab4', 'ab5'], 2)).toEqual(['ab2', 'ab3']);
  });
});

describe('listed', () => {
  it.each([
    [[], 'nothing'],
    [['a'], 'a'],
    [['a', 'b'], 'a or b'],
    [['a', 'b', 'c'], 'a, b or c'],
  ])('writes %j as %j', (names, text) => {
    expect(formatList(names)).toBe(text);
  });

  it('cuts a long list and says how much it cut', () => {
    expect(formatList(['a', 'b', 'c', 'd'], 2)).toBe('a, b … (2 more)');
  });

  it('leaves the names as they are', () => {
    const names = ['a', 'b', 'c'];
    formatList(names);
    expect(names).toEqual(['a', 'b', 'c']);
  });
});

describe('nameAdvice', () => {
  it('asks whether the nearest name was meant', () => {
    expect(nameAdvice('epohs', ['epochs', 'lr'])).toBe('did you mean epochs?');
  });

  it('lists what is known, sorted, when nothing is near', () => {
    expect(nameAdvice('whatever', ['lr', 'epochs'])).toBe('known: epochs or lr');
  });

  it('says nothing when nothing is known', () => {
    expect(nameAdvice('x', [])).toBeUndefined();
  });

  it('joins a problem as its fix, or leaves the problem alone', () => {
    const problem = { code: 'unknown' };
    expect(withNameAdvice(problem, 'epohs', ['epochs'])).toEqual({ code: 'unknown', fix: 'did you mean epochs?' });
    expect(withNameAdvice(problem, 'epohs', [])).toBe(problem);
  });
});

describe('counted', () => {
  it('uses the singular for one only', () => {
    expect([0, 1, 2].map((count) => pluralize(count, 'cell'))).toEqual(['0 cells', '1 cell', '2 cells']);
  });
});
