import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText } from '../../src/core/plan.ts';
import { planFromJson, planToJson } from '../../src/record/plan-json.ts';
import { cell, planOf } from '../scheduler/fakes.ts';

describe('a plan in JSON', () => {
  it('comes back equal, references and all', () => {
    const teacher = new CellReference('teacher', 'weights');
    const plan = planOf([
      cell('teacher'),
      cell('student', {
        params: {
          teacher,
          all: [new CellReference('teacher'), 1, null],
          nested: { text: new ReferenceText(['--w=', teacher, '/x']), list: [[true]] },
        },
        axes: { teacher },
        needs: ['teacher'],
      }),
    ]);
    const text = planToJson(plan);
    const back = planFromJson(text);
    expect(back).toEqual(plan);
    expect(back?.cells[1]?.params['teacher']).toBeInstanceOf(CellReference);
    expect((back?.cells[1]?.params['nested'] as { text: unknown }).text).toBeInstanceOf(ReferenceText);
    // Records before format 2 had no number.
    expect(planFromJson(text.replace('"format":2,', ''))).toEqual(plan);
    expect(() => planFromJson(text.replace('"format":2,', '"format":3,'))).toThrow('later version');
  });

  it.each(['', '{"name":"tr', 'null', '[]', '3', '{}', '\0\0\0', '{"name":"a","file":"b","cells":[null]}'])(
    'that is %j is none',
    (text) => expect(planFromJson(text)).toBeUndefined(),
  );
});
