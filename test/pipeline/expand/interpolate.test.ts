import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { CellReference, ReferenceText, type Value } from '../../../src/core/plan.ts';
import { compile, constant, evaluate, type Compiler, type Template } from '../../../src/pipeline/expand/interpolate.ts';
import { Problems } from '../../../src/pipeline/source/problems.ts';

/** Values of `${params.…}` (constant), and of `${matrix.…}` (from the scope). */
type Scope = Readonly<Record<string, Value>>;

function world(params: Scope = {}): { compiler: Compiler<Scope>; problems: Problems } {
  const problems = new Problems();
  const resolve: Compiler<Scope>['resolve'] = (expression, location): Template<Scope> | undefined => {
    if (expression.type === 'params' && expression.name in params) return constant(params[expression.name] ?? null);
    if (expression.type === 'matrix') {
      return { constant: false, spread: expression.name === 'all', evaluate: (scope) => scope[expression.name] };
    }
    problems.add({ code: 'unknown', message: expression.source, location });
    return undefined;
  };
  return { compiler: { resolve, problems }, problems };
}

function work(value: Json, params: Scope = {}, scope: Scope = {}): Value | undefined {
  const template = compile(value, { path: [] }, world(params).compiler);
  return template && evaluate(template, scope);
}

const a = new CellReference('a', 'out');
const b = new CellReference('b');

describe('compile', () => {
  it('leaves values without expressions as they are', () => {
    const value = { text: 'x', list: [1, null, true], nested: { a: [] } };
    expect(work(value)).toEqual(value);
  });

  it.each<[Value]>([[3], [0.1], [true], [null], [[1, 2]], [{ val: 0.2 }], ['text']])(
    'keeps the type of a whole ${…}: %j',
    (value) => {
      expect(work('${params.x}', { x: value })).toEqual(value);
    },
  );

  it.each<[Value, string]>([
    [3, 'x=3!'],
    [1e-4, 'x=0.0001!'],
    [true, 'x=true!'],
    [null, 'x=!'],
    ['text', 'x=text!'],
    [[1, 'b', true], 'x=1 b true!'],
    [{ a: 1 }, 'x={"a":1}!'],
  ])('formats %j inside a text as %s', (value, text) => {
    expect(work('x=${params.x}!', { x: value })).toBe(text);
  });

  it('formats several expressions in one text', () => {
    expect(work('${params.a}-${params.b}${params.a}', { a: 1, b: 'x' })).toBe('1-x1');
  });

  it('does not read a value again: what a param holds is never an expression', () => {
    expect(work('${params.x}', { x: '${params.x}' })).toBe('${params.x}');
    expect(work('a ${params.x}', { x: '${env.SECRET}' })).toBe('a ${env.SECRET}');
  });

  it('takes $${ for a literal', () => {
    expect(work('$${params.x}')).toBe('${params.x}');
  });

  it('works inside lists and mappings', () => {
    expect(work({ a: ['${params.x}', { b: 'n=${params.x}' }] }, { x: 2 })).toEqual({ a: [2, { b: 'n=2' }] });
  });

  it('leaves keys alone', () => {
    expect(work({ '${params.x}': 1 }, { x: 'y' })).toEqual({ '${params.x}': 1 });
  });

  it('works out for each cell what depends on it', () => {
    const template = compile({ a: '${matrix.m}', b: 'm=${matrix.m}' }, { path: [] }, world().compiler);
    expect(template?.constant).toBe(false);
    expect(template && [1, 2].map((m) => evaluate(template, { m }))).toEqual([
      { a: 1, b: 'm=1' },
      { a: 2, b: 'm=2' },
    ]);
  });

  it('shares what does not depend on the cell, frozen', () => {
    const template = compile({ same: { x: [1] }, other: '${matrix.m}' }, { path: [] }, world().compiler);
    const [first, second] = [1, 2].map((m) => template && (evaluate(template, { m }) as { same: object }));
    expect(first?.same).toBe(second?.same);
    expect(Object.isFrozen(first?.same)).toBe(true);
  });

  it('keeps a whole reference to a cell', () => {
    expect(work('${matrix.m}', {}, { m: a })).toBe(a);
  });

  it('makes text with a reference in it a text of parts', () => {
    expect(work('--w=${matrix.m}!', {}, { m: a })).toEqual(new ReferenceText(['--w=', a, '!']));
  });

  it('joins literal neighbours in a text of parts', () => {
    expect(work('a${params.x}b${matrix.m}${params.x}c', { x: 1 }, { m: a })).toEqual(
      new ReferenceText(['a1b', a, '1c']),
    );
  });

  it('writes several references in a text with blanks between, as a command line has them', () => {
    expect(work('cat ${matrix.all}', {}, { all: [a, b] })).toEqual(new ReferenceText(['cat ', a, ' ', b]));
  });

  it('is a text of parts even for one reference beside an empty literal', () => {
    expect(work('${params.x}${matrix.m}', { x: '' }, { m: a })).toEqual(new ReferenceText([a]));
  });

  it('spreads what collects cells inside a list', () => {
    expect(work(['python', '${matrix.all}', '--x'], {}, { all: [a, b] })).toEqual(['python', a, b, '--x']);
  });

  it('does not spread an ordinary list', () => {
    expect(work(['${params.x}', 3], { x: [1, 2] })).toEqual([[1, 2], 3]);
  });

  it('notes every problem of a value, and gives no template', () => {
    const { compiler, problems } = world({});
    const template = compile(
      { a: '${params.x}', b: ['${params.y} ${oops}', 'x ${params.z}'] },
      { path: ['with'] },
      compiler,
    );
    expect(template).toBeUndefined();
    const found = problems.failures(({ path }) => ({ file: path.join('.') })).map(({ place }) => place?.file);
    expect(found.sort()).toEqual(['with.a', 'with.b.0', 'with.b.1']);
  });

  it('gives nothing for a cell in which a part has no value', () => {
    expect(work(['x', '${matrix.gone}'])).toBeUndefined();
    expect(work({ a: 'x ${matrix.gone}' })).toBeUndefined();
  });

  it('keeps every JSON value of a whole expression as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        expect(work('${params.x}', { x: value as Value })).toEqual(value);
      }),
    );
  });

  it('gives any text back that was escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', '.', ' ') }), (text) => {
        expect(work(text.replaceAll('${', () => '$${'))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
