import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import { displayWidth } from '../../src/util/display-width.ts';
import { failureText } from '../../src/ui/failure-text.ts';

const plain = (...failures: Failure[]): string => failureText(failures, { color: false });

const full: Failure = {
  code: 'unknown-key',
  message: 'a stage has no key "whit"',
  place: { file: 'pipelines/cub.yaml', line: 12, column: 5, excerpt: '    whit: { model: resnet8 }', width: 4 },
  expected: 'uses, with or matrix',
  fix: 'did you mean with?',
};

describe('failureText', () => {
  it('shows place, message, code, the line with a caret, what was expected and the fix', () => {
    expect(plain(full)).toBe(
      [
        'pipelines/cub.yaml:12:5: a stage has no key "whit" [unknown-key]',
        '  12 |     whit: { model: resnet8 }',
        '     |     ^^^^',
        '  expected: uses, with or matrix',
        '  fix: did you mean with?',
      ].join('\n'),
    );
  });

  it('shows a failure without a place as one line', () => {
    expect(plain({ code: 'no-run', message: 'there is no run yet' })).toBe('there is no run yet [no-run]');
  });

  it('shows a file alone when no line is known', () => {
    expect(plain({ code: 'empty-file', message: 'the file is empty', place: { file: 'a.yaml' } })).toBe(
      'a.yaml: the file is empty [empty-file]',
    );
  });

  it('shows a line without a caret when no column is known', () => {
    const place = { file: 'a.yaml', line: 3, excerpt: 'x: 1' };
    expect(plain({ code: 'c', message: 'm', place })).toBe('a.yaml:3: m [c]\n  3 | x: 1');
  });

  it('shows an override with a caret but without a line number', () => {
    const place = { file: '-S', column: 8, excerpt: 'epochs=abc', width: 3 };
    expect(plain({ code: 'wrong-type', message: 'got "abc"', place })).toBe(
      ['-S: got "abc" [wrong-type]', '   | epochs=abc', '   |        ^^^'].join('\n'),
    );
  });

  it('underlines one character when no width is known', () => {
    const place = { file: 'a.yaml', line: 1, column: 2, excerpt: 'abc' };
    expect(plain({ code: 'c', message: 'm', place }).split('\n').at(-1)).toBe('    |  ^');
  });

  it('looks at no more of a long line than it shows, and puts the caret where that is written', () => {
    const excerpt = `${'\u202e漢'.repeat(50_000)}bad${'\u202e'.repeat(100_000)}`;
    const place = { file: 'a.yaml', line: 1, column: 100_001, excerpt, width: 3 };
    const [, source = '', caret = ''] = plain({ code: 'c', message: 'm', place }).split('\n');
    expect(source.length).toBeLessThan(150);
    expect(source).toContain('\ufffd漢\ufffd漢bad\ufffd');
    expect(displayWidth(caret.slice(0, -3))).toBe(displayWidth(source.slice(0, source.indexOf('bad'))));
  });

  it('divides failures by an empty line', () => {
    expect(plain({ code: 'a', message: 'x' }, { code: 'b', message: 'y' })).toBe('x [a]\n\ny [b]');
  });

  it('is empty for no failures', () => {
    expect(plain()).toBe('');
  });

  it('puts further lines of an advice under its first', () => {
    expect(plain({ code: 'c', message: 'm', fix: 'one\ntwo' })).toBe('m [c]\n  fix: one\n       two');
  });

  it('puts the caret under wide characters as wide as they are', () => {
    const place = { file: 'a.yaml', line: 1, column: 5, excerpt: '蒸馏: x', width: 1 };
    expect(plain({ code: 'c', message: 'm', place }).split('\n').at(-1)).toBe('    |       ^');
  });

  it('shows a tab as one blank, so that the caret still fits', () => {
    const place = { file: 'a.yaml', line: 1, column: 2, excerpt: '\tb: 1', width: 1 };
    expect(plain({ code: 'c', message: 'm', place }).split('\n').slice(1)).toEqual(['  1 |  b: 1', '    |  ^']);
  });

  it('lets no control character of a file reach the terminal', () => {
    const place = { file: 'a\u001b.yaml', line: 1, column: 1, excerpt: '\u001b[31mred' };
    const text = plain({ code: 'c', message: 'got "\u0007"', place, fix: '\u009b2J' });
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(text).toContain('\ufffd[31mred');
  });

  it('cuts a long line around the caret', () => {
    const excerpt = `${'a'.repeat(200)}WRONG${'b'.repeat(200)}`;
    const place = { file: 'a.yaml', line: 1, column: 201, excerpt, width: 5 };
    const [, line = '', caret = ''] = plain({ code: 'c', message: 'm', place }).split('\n');
    expect(line.length).toBeLessThan(125);
    expect(line.startsWith('  1 | …')).toBe(true);
    expect(line.endsWith('…')).toBe(true);
    const start = caret.indexOf('^');
    expect(line.slice(start, start + 5)).toBe('WRONG');
    expect(caret.slice(start)).toBe('^^^^^');
  });

  it('cuts a long line only where something is cut off', () => {
    const excerpt = `WRONG${'b'.repeat(200)}`;
    const place = { file: 'a.yaml', line: 1, column: 1, excerpt, width: 5 };
    const [, line = ''] = plain({ code: 'c', message: 'm', place }).split('\n');
    expect(line.startsWith('  1 | WRONGb')).toBe(true);
  });

  it('colours place, message and caret, and nothing else than what it shows without colours', () => {
    const coloured = failureText([full], { color: true });
    expect(coloured).toContain('\u001b[36mpipelines/cub.yaml:12:5:\u001b[0m');
    expect(coloured).toContain('\u001b[31;1m^^^^\u001b[0m');

    expect(coloured.replaceAll(new RegExp('\u001b\\[[\\d;]*m', 'g'), '')).toBe(plain(full));
  });
});
