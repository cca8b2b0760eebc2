import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../src/core/failure.ts';
import { CellReference, ReferenceText, type ValueObject } from '../../src/core/plan.ts';
import { taskParameters } from '../../src/fingerprint/task-parameters.ts';

const data = new CellReference('birds');
const weights = new CellReference('teacher[model=resnet8]', 'weights');

function refusal(params: ValueObject) {
  try {
    taskParameters(params);
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
  return undefined;
}

describe('taskParameters', () => {
  it('names references by their place, at any depth', () => {
    const params = { data, teachers: [weights, { of: data }], lr: 0.1 };
    expect(taskParameters(params)).toEqual({
      params: {
        data: { $input: 'data' },
        teachers: [{ $input: 'teachers.0' }, { of: { $input: 'teachers.1.of' } }],
        lr: 0.1,
      },
      references: [
        { name: 'data', reference: data },
        { name: 'teachers.0', reference: weights },
        { name: 'teachers.1.of', reference: data },
      ],
    });
  });

  it('splits texts with references at them', () => {
    const run = ['train', new ReferenceText(['--weights=', weights, ' --data=', data])];
    expect(taskParameters({ run })).toEqual({
      params: { run: ['train', { $text: ['--weights=', { $input: 'run.1.1' }, ' --data=', { $input: 'run.1.3' }] }] },
      references: [
        { name: 'run.1.1', reference: weights },
        { name: 'run.1.3', reference: data },
      ],
    });
  });

  it('keeps plain JSON as it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (params) => {
        expect(taskParameters(params as ValueObject)).toEqual({ params, references: [] });
      }),
    );
  });

  it('keeps names of objects that JavaScript has a meaning for', () => {
    const params = JSON.parse('{"env":{"__proto__":"1","constructor":"2"}}') as ValueObject;
    expect(JSON.stringify(taskParameters(params).params)).toBe('{"env":{"__proto__":"1","constructor":"2"}}');
  });

  it.each(['$input', '$text'])("refuses a user's mapping with the name %s", (name) => {
    expect(refusal({ env: [{ [name]: 'data' }] })).toMatchObject({
      code: 'reserved-name',
      message: `env.0 holds the name ${name}`,
    });
    expect(refusal({ [name]: 1 })?.message).toBe(`with holds the name ${name}`);
  });
});
