import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/failure.ts';
import { readPipeline, type PipelineDocument } from '../../../src/pipeline/read/read-pipeline.ts';
import { underlined } from '../support/planning.ts';

const failures = (text: string): readonly Failure[] => {
  const result = readPipeline({ file: 'p.yaml', text });
  return result.ok ? [] : result.failures;
};

const only = (text: string): Failure => {
  const [first, ...others] = failures(text);
  if (!first || others.length > 0) throw new Error(`expected one failure, got ${others.length + (first ? 1 : 0)}`);
  return first;
};

const read = (text: string): PipelineDocument => {
  const result = readPipeline({ file: 'p.yaml', text });
  if (!result.ok) throw new Error(result.failures[0]?.message ?? '');
  return result.value;
};

describe('readPipeline', () => {
  it('reads YAML 1.2: yes and no are texts, octal numbers begin with 0o', () => {
    expect(read('a: yes\nb: 0o17\nc: 1e-4\nd: null\ne: ~\nf: 017\ng: 12:30').root).toEqual({
      a: 'yes',
      b: 15,
      c: 1e-4,
      d: null,
      e: null,
      f: 17,
      g: '12:30',
    });
  });

  it.each(['1'.repeat(32), '0'.repeat(30) + '12', '1234567890123456789012345678e123', '2'.repeat(40), '3'.repeat(64)])(
    'reads a checksum as a text, also where it looks like a number: %s',
    (sum) => {
      expect(read(`md5: ${sum}`).root).toEqual({ md5: sum });
      expect(read(`md5: '${sum}'`).root).toEqual({ md5: sum });
    },
  );

  it('keeps the order of keys', () => {
    expect(Object.keys(read('b: 1\na: 2\nc: 3').root)).toEqual(['b', 'a', 'c']);
  });

  it('follows anchors', () => {
    expect(read('a: &x { lr: 1 }\nb: *x\nc: [*x, *x]').root).toEqual({
      a: { lr: 1 },
      b: { lr: 1 },
      c: [{ lr: 1 }, { lr: 1 }],
    });
  });

  it('reads numbers and words as keys as texts', () => {
    expect(read('1: a\nnull: b\ntrue: c').root).toEqual({ 1: 'a', null: 'b', true: 'c' });
  });

  it('writes no number as minus zero', () => {
    expect(Object.is(read('a: -0').root['a'], 0)).toBe(true);
  });

  it('reads a file with a byte order mark and Windows line ends', () => {
    expect(read('\ufeffa: 1\r\nb: 2\r\n').root).toEqual({ a: 1, b: 2 });
  });

  it('never runs or resolves a tag that is not plain YAML', () => {
    expect(only('a: !!js/function "function () { return 1 }"').code).toBe('unknown-tag');
    expect(only('a: !!binary aGVsbG8=').code).toBe('unknown-tag');
    expect(only('a: !include other.yaml')).toMatchObject({
      message: 'the tag !include is not allowed',
      place: { line: 1, column: 13 },
    });
    expect(read('a: !!str 1').root).toEqual({ a: '1' });
  });
});

describe('readPipeline refuses', () => {
  it('an empty file', () => {
    expect(only('')).toMatchObject({ code: 'empty-file', place: { file: 'p.yaml' } });
    expect(only(' \n\n').code).toBe('empty-file');
  });

  it('a file of comments', () => {
    expect(only('# nothing\n').code).toBe('not-a-mapping');
  });

  it.each(['- a\n- b', 'just text', '42'])('a file that holds no mapping: %j', (text) => {
    expect(only(text)).toMatchObject({ code: 'not-a-mapping', place: { line: 1, column: 1 } });
  });

  it('a file above one MiB, and says how large it is', () => {
    const text = `a: ${'x'.repeat(2 * 1024 * 1024)}`;
    expect(only(text)).toMatchObject({ code: 'file-too-large', message: `the file has ${text.length} bytes` });
  });

  it('counts bytes, not characters', () => {
    expect(only(`a: ${'ä'.repeat(600 * 1024)}`).code).toBe('file-too-large');
  });

  it('a file of just one MiB it reads', () => {
    expect(read(`a: ${'x'.repeat(1024 * 1024 - 3)}`).root['a']).toHaveLength(1024 * 1024 - 3);
  });

  it('binary files', () => {
    expect(only('PK\u0003\u0004\0\0').code).toBe('binary-file');
    expect(only(new TextDecoder().decode(new Uint8Array([0x89, 0x50, 0xff, 0xfe, 0x0a]))).code).toBe('binary-file');
  });

  it.each(['a:\n\tb: 1', 'stages:\n  x:\n  \tuses: a', '\ta: 1', 'stages:\n  x:\n\t  uses: a\n'])(
    'tabs as indentation: %j',
    (text) => {
      const failure = only(text);
      expect(failure.code).toBe('tab-indentation');
      expect(failure.fix).toBe('replace each tab at the start of a line by two blanks');
    },
  );

  it('a key that stands twice, at its second place', () => {
    expect(only('a: 1\nb: 2\na: 3')).toMatchObject({
      code: 'duplicate-key',
      place: { line: 3, column: 1, excerpt: 'a: 3' },
    });
    expect(only('x: { b: 1, b: 2 }')).toMatchObject({ code: 'duplicate-key', place: { line: 1, column: 12 } });
  });

  it('${…} without quotes inside braces, and says how to mend it', () => {
    const failure = only('with: { lr: ${params.lr} }');
    expect(failure).toMatchObject({ code: 'yaml-syntax', fix: 'write "${…}" with double quotes' });
    expect(underlined(failure)).toBe('${params.lr}');
  });

  it('several documents in one file', () => {
    expect(only('a: 1\n---\nb: 2')).toMatchObject({ code: 'multiple-documents', place: { line: 2 } });
  });

  it('a list as a key', () => {
    expect(only('? [a, b]\n: c').code).toBe('bad-key');
  });

  it('the key that would change what objects are', () => {
    expect(only('a: { __proto__: { b: 1 } }')).toMatchObject({ code: 'bad-key', place: { line: 1, column: 6 } });
  });

  it.each(['.inf', '-.inf', '.nan', '1e999'])('the number %s, which is not finite', (number) => {
    expect(only(`a: ${number}`)).toMatchObject({ code: 'not-finite', place: { line: 1, column: 4 } });
  });

  it('a whole number that would be rounded silently', () => {
    expect(only('seed: 12345678901234567890').code).toBe('number-too-large');
    expect(read(`seed: ${Number.MAX_SAFE_INTEGER}`).root['seed']).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('an alias of an anchor that is not there', () => {
    expect(only('a: *nothing')).toMatchObject({
      code: 'unknown-anchor',
      message: 'there is no anchor &nothing before this alias',
      place: { line: 1, column: 4 },
    });
  });

  it('an anchor that holds itself', () => {
    expect(only('a: &x { b: *x }').code).toBe('alias-cycle');
  });

  // Expanded, it would not end within the test's time on any machine.
  it('an alias bomb', () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(10)}]`,
    );
    const text = `l0: &l0 [x, x, x, x]\n${levels.join('\n')}`;
    expect(failures(text).map(({ code }) => code)).toEqual(['alias-bomb']);
  });

  it('nesting that is too deep', () => {
    expect(only(`a: ${'['.repeat(150)}${']'.repeat(150)}`).code).toBe('too-deep');
    expect(failures(`a: ${'['.repeat(100_000)}`).length).toBeGreaterThan(0);
  });

  it('the YAML of another version', () => {
    expect(only('%YAML 1.1\n---\na: yes').code).toBe('yaml-version');
    expect(read('%YAML 1.2\n---\na: yes').root).toEqual({ a: 'yes' });
  });

  it.each(['a: "x', 'a: [1, 2', 'a: b: c', '@a: 1', 'a: 1\n b: 2', '}{'])('what is no YAML: %j', (text) => {
    const all = failures(text);
    expect(all.length).toBeGreaterThan(0);
    for (const { code, place } of all) expect([code, place?.line]).toEqual(['yaml-syntax', expect.any(Number)]);
  });

  it('several things at once, one a line', () => {
    const codes = failures('a: !x 1\nb: .inf\nc: *y').map(({ code, place }) => `${place?.line ?? 0} ${code}`);
    expect(codes).toEqual(['1 unknown-tag', '2 not-finite', '3 unknown-anchor']);
  });

  it('or reads any text without throwing', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', ']', '{', '}', '"', '&', '*', '!', '#', '|', '\t'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (one) => {
        expect(() => readPipeline({ file: 'p.yaml', text: one })).not.toThrow();
      }),
      { numRuns: 400 },
    );
  });
});

describe('the merge key <<', () => {
  it.each<[string, unknown]>([
    ['a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }', { x: 1, y: 3 }],
    ['a: &a { x: 1, y: 2 }\nb: { y: 3, <<: *a }', { x: 1, y: 3 }],
    ['a: &a { x: 1 }\nc: &c { x: 2, z: 3 }\nb: { <<: [*a, *c] }', { x: 1, z: 3 }],
    ['a: &a { x: 1 }\nc: &c { <<: *a, z: 3 }\nb: { <<: *c }', { x: 1, z: 3 }],
    ['b: { <<: { x: 1 } }', { x: 1 }],
    ['b: { "<<": 1 }', { '<<': 1 }],
    ['a: &a { x: { y: 1 } }\nb: { <<: *a, x: { z: 2 } }', { x: { z: 2 } }],
  ])('takes in what its mapping does not say itself: %s', (text, b) => {
    expect(read(text).root['b']).toEqual(b);
  });

  it('is refused over what is no mapping, and says what else there is', () => {
    for (const text of ['a: &a [1]\nb: { <<: *a }', 'b: { <<: 3 }', 'a: &a 3\nb: { <<: [*a] }']) {
      const failure = only(text);
      expect(failure).toMatchObject({ code: 'bad-merge', place: { line: text.split('\n').length } });
      expect(failure.fix).toContain('defaults:');
    }
  });

  it('is no way around the guards of aliases', () => {
    expect(only('a: &x { <<: *x }').code).toBe('alias-cycle');
    const levels = Array.from(
      { length: 20 },
      (_, level) => `l${level + 1}: &l${level + 1} { <<: [${`*l${level},`.repeat(10)}] }`,
    );
    expect(failures(`l0: &l0 { x: 1 }\n${levels.join('\n')}`).map(({ code }) => code)).toEqual(['alias-bomb']);
  });

  it('is looked through for places', () => {
    const { locate } = read('a: &a { x: 1, y: { z: 2 } }\nb: { <<: *a, w: 3 }\nc: { <<: [{ v: 4 }, *a] }');
    const shown = (...path: string[]) => underlined({ code: '', message: '', place: locate({ path }, {}) });
    expect([shown('b', 'x'), shown('b', 'y', 'z'), shown('b', 'w'), shown('c', 'v'), shown('c', 'y', 'z')]).toEqual([
      ...['1', '2', '3', '4', '2'],
    ]);
  });
});

it('a number with an exponent is a float, however large', () => {
  expect(read('a: [1e30, -1.5e300, 1E+20, 12345678901234567890.0]').root['a']).toEqual([
    1e30, -1.5e300, 1e20, 12345678901234567000,
  ]);
  expect(only('a: 0x1fffffffffffffffe').code).toBe('number-too-large');
});

describe('locate', () => {
  const text = [
    'name: digits',
    'stages:',
    '  teacher:',
    '    uses: train-teacher',
    '    with: { model: "${params.model}-x", blocks: [3, 4] }',
    '    note: |',
    '      two',
    '      lines',
    'base: &base { lr: 0.1 }',
    'copy: *base',
    'empty:',
  ].join('\n');
  const { locate } = read(text);
  const shown = (path: readonly (string | number)[], at: { atKey?: boolean; within?: string } = {}): string => {
    const place = locate({ path }, at);
    return `${place.line ?? 0}:${place.column ?? 0} ${underlined({ code: '', message: '', place })}`;
  };

  it('finds scalars', () => {
    expect(shown(['name'])).toBe('1:7 digits');
    expect(shown(['stages', 'teacher', 'with', 'blocks', 1])).toBe('5:53 4');
  });

  it('finds keys', () => {
    expect(shown(['stages', 'teacher', 'uses'], { atKey: true })).toBe('4:5 uses');
  });

  it('shows a mapping or list by its key', () => {
    expect(shown(['stages', 'teacher'])).toBe('3:3 teacher');
    expect(shown(['stages', 'teacher', 'with', 'blocks'])).toBe('5:41 blocks');
  });

  it('narrows down to a part of a text', () => {
    expect(shown(['stages', 'teacher', 'with', 'model'], { within: '${params.model}' })).toBe('5:21 ${params.model}');
  });

  it('shows the whole text when the part is not in it', () => {
    expect(shown(['name'], { within: 'letters' })).toBe('1:7 digits');
  });

  it('shows what would hold a path that is not there', () => {
    expect(shown(['stages', 'teacher', 'matrix', 'seed'])).toBe('3:3 teacher');
  });

  it('looks through aliases', () => {
    expect(shown(['copy', 'lr'])).toBe('9:19 0.1');
  });

  it('shows an empty value by its key', () => {
    expect(shown(['empty'])).toBe('11:1 empty');
  });

  it('underlines no more than one line', () => {
    expect(shown(['stages', 'teacher', 'note'])).toBe('6:11 |');
  });

  it('shows an override as itself', () => {
    expect(locate({ path: ['ignored'], override: 'epochs=abc' }, {})).toEqual({
      file: '-S',
      excerpt: 'epochs=abc',
      column: 8,
      width: 3,
    });
    expect(locate({ path: [], override: 'epohs=1' }, { within: 'epohs' })).toMatchObject({ column: 1, width: 5 });
  });

  it('gives a place inside the text for any path', () => {
    const key = fc.oneof(fc.constantFrom('stages', 'teacher', 'with', 'blocks', 'copy', 'nothing'), fc.nat({ max: 3 }));
    const lines = text.split('\n');
    fc.assert(
      fc.property(fc.array(key, { maxLength: 5 }), fc.boolean(), (path, atKey) => {
        const { line = 0, column = 0, excerpt } = locate({ path }, { atKey });
        expect(lines[line - 1]).toBe(excerpt);
        expect(column).toBeLessThanOrEqual((excerpt?.length ?? 0) + 1);
      }),
    );
  });
});
