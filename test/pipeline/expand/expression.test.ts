import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseText,
  type Expression,
  type ExpressionProblem,
  type Parts,
} from '../../../src/pipeline/expand/expression.ts';

const parts = (text: string): Parts => {
  const parsed = parseText(text);
  if ('code' in parsed) throw new Error(parsed.message);
  return parsed;
};

const expression = (text: string): Expression => {
  const [first] = parts(text);
  if (first === undefined || typeof first === 'string') throw new Error(`no expression in ${text}`);
  return first;
};

const problem = (text: string): ExpressionProblem => {
  const parsed = parseText(text);
  if (!('code' in parsed)) throw new Error(`${text} can be read`);
  return parsed;
};

describe('parseText', () => {
  it('reads a text without expressions as itself', () => {
    expect(parts('resnet8')).toEqual(['resnet8']);
    expect(parts('')).toEqual([]);
    expect(parts('$HOME {x} $x}')).toEqual(['$HOME {x} $x}']);
  });

  it('cuts a text into literal pieces and expressions', () => {
    const found = parts('a ${params.x} b ${env.Y} c');
    expect(found.map((part) => (typeof part === 'string' ? part : part.type))).toEqual([
      'a ',
      'params',
      ' b ',
      'env',
      ' c',
    ]);
  });

  it.each<[string, Partial<Expression>]>([
    ['${params.lr}', { type: 'params', name: 'lr', keys: [] }],
    ['${params.split.val}', { type: 'params', name: 'split', keys: ['val'] }],
    ['${ params.lr }', { type: 'params', name: 'lr', source: '${ params.lr }' }],
    ['${env.HOME}', { type: 'env', name: 'HOME', fallback: undefined }],
    ['${env.HOME:-}', { type: 'env', name: 'HOME', fallback: '' }],
    ['${env.HOME:-/data/a b}', { type: 'env', name: 'HOME', fallback: '/data/a b' }],
    ['${env._X1}', { type: 'env', name: '_X1' }],
    ['${matrix.seed}', { type: 'matrix', name: 'seed', keys: [] }],
    ['${matrix.teacher.model}', { type: 'matrix', name: 'teacher', keys: ['model'] }],
    ['${matrix.of.teacher.model}', { type: 'matrix', name: 'of', keys: ['teacher', 'model'] }],
    ['${run.name}', { type: 'run' }],
  ])('reads %s', (text, wanted) => {
    expect(expression(text)).toMatchObject(wanted);
  });

  it('reads references to stages with selector and output', () => {
    expect(expression('${stages.teacher}')).toMatchObject({
      type: 'stages',
      output: undefined,
      selector: { stage: 'teacher' },
    });
    expect(expression('${stages.teacher.weights}')).toMatchObject({ output: 'weights' });
    expect(expression('${stages.teacher[model=a,seed=*].weights}')).toMatchObject({
      output: 'weights',
      selector: { stage: 'teacher', every: false, conditions: [{ axis: 'model' }, { axis: 'seed', every: true }] },
    });
    expect(expression('${stages.score[*]}')).toMatchObject({ selector: { every: true } });
  });

  it('does not end at a brace in a quoted value', () => {
    expect(expression('${stages.t[name="a}b"]}')).toMatchObject({ selector: { conditions: [{ text: 'a}b' }] } });
    expect(expression('${stages.t[name="a\\"}b"]}')).toMatchObject({ selector: { conditions: [{ text: 'a"}b' }] } });
  });

  it('takes $${ for a literal ${', () => {
    expect(parts('$${params.lr}')).toEqual(['${params.lr}']);
    expect(parts('a$${b')).toEqual(['a${b']);
    expect(parts('$$${x}')).toEqual(['$${x}']);
  });

  it('reads an expression right after another, and after a literal', () => {
    expect(parts('${run.name}${run.name}').map((part) => typeof part)).toEqual(['object', 'object']);
    expect(parts('${run.name}$${run.name}')[1]).toBe('${run.name}');
  });

  it.each([
    ['${params}', 'bad-expression'],
    ['${params.}', 'bad-expression'],
    ['${params.a-}', 'ok'],
    ['${params.1a}', 'bad-expression'],
    ['${params.a b}', 'bad-expression'],
    ['${env.1}', 'bad-expression'],
    ['${stages.teacher.a.b}', 'bad-expression'],
    ['${stages.teacher[}', 'bad-expression'],
    ['${stages.teacher[a="}', 'unclosed-expression'],
    ['${stages.teacher[a]}', 'bad-expression'],
    ['${run.id}', 'bad-expression'],
    ['${HOME}', 'unknown-expression'],
    ['${}', 'unknown-expression'],
    ['${param.lr}', 'unknown-expression'],
    ['${params.lr', 'unclosed-expression'],
  ])('judges %s: %s', (text, code) => {
    const parsed = parseText(text);
    expect('code' in parsed ? parsed.code : 'ok').toBe(code);
  });

  it('says what a mistyped word may have meant, and how to write it literally', () => {
    expect(problem('x ${param.lr}')).toMatchObject({
      within: '${param.lr}',
      fix: 'did you mean params? Or write $${param.lr} for a literal ${param.lr}',
    });
    expect(problem('echo ${HOME}').fix).toBe('write $${HOME} for a literal ${HOME}');
  });

  it('shows the forms that are right', () => {
    expect(problem('${stages.a.b.c}').expected).toBe('${stages.id}, ${stages.id.output} or ${stages.id[axis=value]}');
  });

  it('gives a literal text back when every ${ in it was escaped', () => {
    const text = fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', ' ', '"', '['), maxLength: 15 });
    fc.assert(
      fc.property(text, (literal) => {
        expect(parts(literal.replaceAll('${', () => '$${'))).toEqual(literal === '' ? [] : [literal]);
      }),
      { numRuns: 1000 },
    );
  });

  it('loses nothing: literal pieces and sources, put together, are the text', () => {
    const piece = fc.constantFrom(
      'a',
      ' ',
      '$',
      '{',
      '}',
      '${params.x}',
      '${env.Y:-z}',
      '${stages.t[a="}"]}',
      '${run.name}',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        const parsed = parseText(text);
        if ('code' in parsed || text.includes('$${')) return;
        expect(parsed.map((part) => (typeof part === 'string' ? part : part.source)).join('')).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
