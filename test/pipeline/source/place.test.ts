import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Place } from '../../../src/core/failure.ts';
import { Lines } from '../../../src/pipeline/source/place.ts';
import { failuresOf, underlined } from '../support/planning.ts';

const place = (text: string, start: number, end: number): Place => new Lines('p.yaml', text).place([start, end]);

describe('Lines', () => {
  it('counts lines and columns from 1', () => {
    expect(place('ab\ncd', 0, 1)).toEqual({ file: 'p.yaml', line: 1, column: 1, excerpt: 'ab', width: 1 });
    expect(place('ab\ncd', 4, 5)).toEqual({ file: 'p.yaml', line: 2, column: 2, excerpt: 'cd', width: 1 });
  });

  it.each<[string, readonly [number, number], string, number]>([
    ['a: one two\nb: 3', [3, 10], 'a: one two', 7],
    ['a: one\n  two\n', [3, 12], 'a: one', 3],
    ['a: x   \nb', [3, 7], 'a: x   ', 1],
    ['a: b\r\nc', [3, 4], 'a: b', 1],
    ['a: b\r\nc', [3, 6], 'a: b', 1],
    ['a:\n\nb', [3, 3], '', 1],
    ['', [0, 0], '', 1],
    ['a', [1, 1], 'a', 1],
  ])('underlines no more than the line: %j %j', (text, [start, end], excerpt, width) => {
    expect(place(text, start, end)).toMatchObject({ excerpt, width });
  });

  it('gives the place of any span in any text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', 'ä', '😀'), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.nat(), fc.nat({ max: 5 }), (one, at, length) => {
        const start = one.length === 0 ? 0 : at % one.length;
        const { line = 0, column = 0, excerpt } = place(one, start, start + length);
        const lines = one.split('\n');
        expect(excerpt).toBe(lines[line - 1]);
        // The offset is that of the lines before, each with its end, and the column.
        expect(lines.slice(0, line - 1).reduce((sum, before) => sum + before.length + 1, column - 1)).toBe(start);
      }),
    );
  });
});

describe('the place of a problem', () => {
  const of = (text: string): string[] =>
    failuresOf(text).map(
      (failure) => `${failure.place?.line ?? 0}:${failure.place?.column ?? 0} ${underlined(failure)}`,
    );

  it.each<[string, string, readonly string[]]>([
    ['a block mapping', 'stages:\n  d:\n    uses: dataset\n    with:\n      source: 3', ['5:15 3']],
    [
      'a list of blocks',
      'stages:\n  a:\n    uses: command\n    with:\n      run:\n        - x\n        - "${oops}"',
      ['7:12 ${oops}'],
    ],
    ['a quoted text', 'stages: { d: { uses: dataset, with: { source: "a ${oops} b" } } }', ['1:50 ${oops}']],
    [
      'a block text',
      'stages:\n  d:\n    uses: dataset\n    with:\n      source: |\n        one\n        ${oops}',
      ['7:9 ${oops}'],
    ],
    ['a quoted key', 'stages: { d: { "usse": dataset } }', ['1:11 d', '1:16 "usse"']],
    ['an anchor', 'params: { x: &n { source: 3 } }\nstages: { d: { uses: dataset, with: *n } }', ['1:27 3']],
    [
      'a merge of params',
      'params: { n: 3 }\nstages: { d: { uses: dataset, with: { source: "${params.n}" } } }',
      ['1:14 3'],
    ],
    [
      'a key beside characters of two units',
      'stages: { d: { uses: dataset, with: { source: "😀", sorce: 1 } } }',
      ['1:53 sorce'],
    ],
    ['Windows line ends', 'stages:\r\n  d:\r\n    uses: datset\r\n', ['3:11 datset']],
    ['a byte order mark', '\ufeffstages:\n  d:\n    uses: datset', ['3:11 datset']],
  ])('is right in %s', (_what, text, places) => {
    expect(of(text)).toEqual(places);
  });

  it('of the first of several equal expressions is the first', () => {
    expect(of('stages: { d: { uses: dataset, with: { source: "${params.x} ${params.x}" } } }')).toEqual([
      '1:48 ${params.x}',
    ]);
  });
});
