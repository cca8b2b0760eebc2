import { describe, expect, it } from 'vitest';
import { textsOf } from '../../../src/stages/command/texts.ts';
import { inputVariable } from '../../../src/stages/command/variables.ts';

const pathOf = (name: string) => `/store/${name}`;

describe('textsOf', () => {
  it('writes numbers, truth values and null as JSON has them', () => {
    expect(textsOf(['a', 1, -0.5, 1e21, true, false, null], pathOf)).toEqual([
      'a',
      '1',
      '-0.5',
      '1e+21',
      'true',
      'false',
      'null',
    ]);
  });

  it('puts the path where an input stands, also inside a text', () => {
    const params = [{ $input: 'run.0' }, { $text: ['--from=', { $input: 'run.1.1' }, '/best.pt'] }];
    expect(textsOf(params, pathOf)).toEqual(['/store/run.0', '--from=/store/run.1.1/best.pt']);
  });

  it('flattens lists inside lists, in order', () => {
    expect(textsOf(['cat', [{ $input: 'a' }, [{ $input: 'b' }], []], 'end'], pathOf)).toEqual([
      'cat',
      '/store/a',
      '/store/b',
      'end',
    ]);
  });

  it('refuses a mapping, which stands for no text', () => {
    expect(() => textsOf([{ a: 1 }], pathOf)).toThrow('no text stands for {"a":1}');
  });
});

describe('inputVariable', () => {
  it.each([
    ['teacher', 'KDPIPE_INPUT_TEACHER'],
    ['val-data.2', 'KDPIPE_INPUT_VAL_DATA_2'],
  ])('of %s is %s', (name, variable) => {
    expect(inputVariable(name)).toBe(variable);
  });
});
