import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Problems, type Locate, type Problem } from '../../../src/pipeline/source/problems.ts';
import { inside, type SourceLocation } from '../../../src/pipeline/source/location.ts';

/** A file in which the path `[line, column]` stands at that place. */
const locate: Locate = ({ path, override }) => {
  if (override !== undefined) return { file: '-S', column: 1 };
  const [line, column] = path;
  return { file: 'p.yaml', line: Number(line), column: Number(column) };
};

const at = (line: number, column: number): SourceLocation => ({ path: [line, column] });
const problem = (location: SourceLocation, rest: Partial<Problem> = {}): Problem => ({
  code: 'slip',
  message: 'a slip',
  location,
  ...rest,
});

const texts = (problems: Problems): string[] =>
  problems.failures(locate).map(({ place, message }) => `${place?.line ?? '-'}:${place?.column ?? '-'} ${message}`);

describe('Problems', () => {
  it('are none at first', () => {
    const problems = new Problems();
    expect(problems.noted).toBe(0);
    expect(problems.failures(locate)).toEqual([]);
  });

  it('become failures with their places', () => {
    const problems = new Problems();
    problems.add(problem(at(3, 7), { expected: 'a number', fix: 'write one' }));
    expect(problems.failures(locate)).toEqual([
      {
        code: 'slip',
        message: 'a slip',
        expected: 'a number',
        fix: 'write one',
        place: { file: 'p.yaml', line: 3, column: 7 },
      },
    ]);
  });

  it('tell the finder of places what to underline', () => {
    const asked: unknown[] = [];
    const problems = new Problems();
    problems.add(problem(at(1, 1), { within: '${x}', atKey: true }));
    problems.failures((location, { within, atKey }) => {
      asked.push({ location, within, atKey });
      return { file: 'p.yaml' };
    });
    expect(asked).toEqual([{ location: at(1, 1), within: '${x}', atKey: true }]);
  });

  it('stand in the order of the file, then of their messages', () => {
    const problems = new Problems();
    problems.add(problem(at(10, 1), { message: 'c' }));
    problems.add(problem(at(2, 9), { message: 'b' }));
    problems.add(problem(at(2, 9), { message: 'a' }));
    problems.add(problem(at(2, 1), { message: 'd' }));
    expect(texts(problems)).toEqual(['2:1 d', '2:9 a', '2:9 b', '10:1 c']);
  });

  it('count once when they are the same, and are noted every time', () => {
    const problems = new Problems();
    problems.add(problem(at(1, 1)));
    problems.add(problem(at(1, 1)));
    expect(texts(problems)).toEqual(['1:1 a slip']);
    expect(problems.noted).toBe(2);
  });

  it.each<[string, Problem]>([
    ['another code', problem(at(1, 1), { code: 'other' })],
    ['another message', problem(at(1, 1), { message: 'b' })],
    ['another place', problem(at(1, 2))],
    ['another part of the text', problem(at(1, 1), { within: 'x' })],
    ['another origin', problem({ path: [1, 1], override: 'x=1' })],
  ])('are two when they have %s', (_what, other) => {
    const problems = new Problems();
    problems.add(problem(at(1, 1)));
    problems.add(other);
    expect(problems.failures(locate)).toHaveLength(2);
  });

  it('of cells name the cell, or count them', () => {
    const problems = new Problems();
    problems.add(problem(at(1, 1)), 'a[x=1]');
    expect(texts(problems)).toEqual(['1:1 a slip (in a[x=1])']);
    problems.add(problem(at(1, 1), { message: 'a slip of another cell' }), 'a[x=2]');
    problems.add(problem(at(1, 1)), 'a[x=3]');
    expect(texts(problems)).toEqual(['1:1 a slip (in 3 cells, the first is a[x=1])']);
  });

  it('show the line of their second place', () => {
    const problems = new Problems();
    problems.add(problem(at(4, 1), { also: at(2, 5) }));
    expect(texts(problems)).toEqual(['4:1 a slip (also at line 2)']);
  });

  it('show no second line where the second place is no place of the file', () => {
    const problems = new Problems();
    problems.add(problem(at(4, 1), { also: { path: [], override: 'x=1' } }));
    expect(texts(problems)).toEqual(['4:1 a slip']);
  });

  it('put those of overrides before those of the file', () => {
    const problems = new Problems();
    problems.add(problem(at(1, 1)));
    problems.add(problem({ path: [], override: 'x=1' }));
    expect(texts(problems)).toEqual(['-:1 a slip', '1:1 a slip']);
  });

  it('come in one order, whatever the order in which they were added', () => {
    const one = fc.record({
      line: fc.integer({ min: 1, max: 4 }),
      column: fc.integer({ min: 1, max: 4 }),
      message: fc.constantFrom('a', 'b'),
    });
    const collected = (all: readonly { line: number; column: number; message: string }[]): string[] => {
      const problems = new Problems();
      for (const { line, column, message } of all) problems.add(problem(at(line, column), { message }));
      return texts(problems);
    };
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), (all) => {
        expect(collected(all.toReversed())).toEqual(collected(all));
        expect(new Set(collected(all)).size).toBe(collected(all).length);
      }),
    );
  });
});

describe('inside', () => {
  it('goes from a mapping or list to an entry', () => {
    expect(inside({ path: ['stages'] }, 'a', 0)).toEqual({ path: ['stages', 'a', 0] });
  });

  it('stays in the override', () => {
    expect(inside({ path: [], override: 'x=[1]' }, 0)).toEqual({ path: [0], override: 'x=[1]' });
  });

  it('leaves the outer place as it is', () => {
    const outer = { path: ['a'] };
    inside(outer, 'b');
    expect(outer).toEqual({ path: ['a'] });
  });
});
