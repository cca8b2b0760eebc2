import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText, type ValueObject } from '../../../src/core/plan.ts';
import { command } from '../../../src/stages/command/kind.ts';

const context = { upstream: () => undefined, given: () => true, facts: () => undefined };
const problems = (params: ValueObject) => command.check?.(params, context) ?? [];
const codes = (params: ValueObject) => problems(params).map(({ code, param }) => `${code} at ${param.join('.')}`);

describe('the command kind', () => {
  it('accepts a list of arguments with references anywhere', () => {
    const weights = new CellReference('teacher', 'weights');
    const run = ['python', 'train.py', new ReferenceText(['--from=', weights]), [weights, weights], 3, true];
    expect(codes({ run, outputs: { model: 'model.pt', logs: 'logs/' }, metrics: 'logs/metrics.csv' })).toEqual([]);
  });

  it('accepts a line of shell', () => {
    expect(codes({ shell: 'true' })).toEqual([]);
  });

  it('wants exactly one of run and shell', () => {
    expect(codes({})).toEqual(['run-or-shell at ']);
    expect(codes({ run: ['true'], shell: 'true' })).toEqual(['run-or-shell at shell']);
    expect(problems({})[0]).toMatchObject({
      message: 'neither run nor shell is given',
      fix: expect.stringContaining('run:'),
    });
  });

  it.each([[[]], [['']], [['', 'x']]])('refuses a list that names no program: %j', (run) => {
    expect(codes({ run })).toEqual(['no-program at run']);
  });

  it.each(['/etc/passwd', '..', '../x', 'a/../../x', './../x', ''])('refuses the output path %j', (path) => {
    expect(codes({ shell: 'true', outputs: { bad: path, good: 'ok' } })).toEqual(['path-outside at outputs.bad']);
    expect(codes({ shell: 'true', metrics: path })).toEqual(['path-outside at metrics']);
  });

  it.each(['.', 'a', './a', 'a/../b', '..a', 'a/..b/c', 'folder/'])('accepts the output path %j', (path) => {
    expect(codes({ shell: 'true', outputs: { good: path } })).toEqual([]);
  });

  it('refuses a mapping of no outputs', () => {
    expect(codes({ shell: 'true', outputs: {} })).toEqual(['no-outputs at outputs']);
  });

  it.each([
    ['m.json', []],
    ['m.CSV', []],
    ['m.yaml', []],
    ['m.yml', []],
    ['m.txt', ['metrics-format at metrics']],
    ['metrics', ['metrics-format at metrics']],
  ])('judges the metrics file %s', (metrics, expected) => {
    expect(codes({ shell: 'true', metrics })).toEqual(expected);
  });

  it('refuses inputs that would share a variable, and variables that it sets itself', () => {
    expect(codes({ shell: 'true', inputs: { 'a-b': 'x', a_b: 'y', c: 'z' } })).toEqual([
      'colliding-inputs at inputs.a_b',
    ]);
    expect(
      codes({ shell: 'true', env: { KDPIPE_OUT: 'x', KDPIPE_INPUT_A: 'y', KDPIPE_THREADS: '1', A: 'b' } }),
    ).toEqual(['reserved-variable at env.KDPIPE_OUT', 'reserved-variable at env.KDPIPE_INPUT_A']);
  });

  it('reports all problems of a stage in one go', () => {
    expect(codes({ outputs: { a: '/x' }, metrics: 'm.txt' })).toEqual([
      'run-or-shell at ',
      'path-outside at outputs.a',
      'metrics-format at metrics',
    ]);
  });

  it('has the whole folder as its output unless told', () => {
    expect(command.outputs({ shell: 'true' })).toEqual({ out: '.' });
    expect(command.outputs({ outputs: { model: 'model.pt' } })).toEqual({ model: 'model.pt' });
  });

  it('writes the paths of outputs as the store lists them', () => {
    const outputs = { a: './a', b: 'logs/', c: 'x/../c', d: './', e: '.' };
    expect(command.outputs({ outputs })).toEqual({ a: 'a', b: 'logs', c: 'c', d: '.', e: '.' });
  });

  it('reads the files that inputs declare, and leaves references to the plan', () => {
    const inputs = { words: 'data/words.txt', teacher: new CellReference('teacher') };
    expect(command.sources?.({ inputs })).toEqual([{ name: 'inputs.words', path: 'data/words.txt' }]);
    expect(command.sources?.({})).toEqual([]);
  });
});
