import { describe, expect, it } from 'vitest';
import { unwrap } from '../../src/core/result.ts';
import { planPipeline } from '../../src/pipeline/plan.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { synonymsIn } from '../../src/stages/registry-synonyms.ts';
import { kinds } from '../../src/stages/registry.ts';

const pipeline = (student: string) =>
  `params: { method: KD }
stages:
  digits: { uses: dataset, with: { source: mnist-digits } }
  teacher: { uses: train-teacher, with: { data: "\${stages.digits}", model: resnet20 } }
  student: { uses: distill-student, ${student} }
`;
const given = (text: string) =>
  `with: { data: "\${stages.digits}", teacher: "\${stages.teacher}", model: resnet8${text} }`;
const planned = (student: string, ...overrides: string[]) => {
  const { plan, faults } = unwrap(
    planPipeline({ file: 'p.yaml', text: pipeline(student) }, { env: {}, overrides, kinds, catalogue: catalogue() }),
  );
  expect(faults).toEqual([]);
  return plan.cells.filter(({ stage }) => stage === 'student');
};

describe('a synonym of a method', () => {
  it('is KD for SoftTarget, and no method’s own name', () => {
    expect([...synonymsIn(catalogue(), 'methods')]).toEqual([['KD', 'SoftTarget']]);
    expect(Object.keys(catalogue()['methods'] ?? {})).not.toContain('KD');
    expect([...synonymsIn(catalogue(), 'models')]).toEqual([]);
  });

  it.each<[string, string, readonly string[]]>([
    [given(', kd_ratio: 0.5, kd_method: KD'), given(', kd_ratio: 0.5, kd_method: SoftTarget'), []],
    [given(', kd_ratio: 0.5, kd_method: "${params.method}"'), given(', kd_ratio: 0.5, kd_method: SoftTarget'), []],
    [
      given(', kd: [{ method: KD, ratio: 0.5 }, { method: AT, weight: 9 }]'),
      given(', kd: [{ method: SoftTarget, ratio: 0.5 }, { method: AT, weight: 9 }]'),
      [],
    ],
    [
      `matrix: { kd_method: [KD, AT], exclude: [{ kd_method: AT, kd_ratio: 2 }], kd_ratio: [0.5, 2] }, ${given('')}`,
      `matrix: { kd_method: [SoftTarget, AT], exclude: [{ kd_method: AT, kd_ratio: 2 }], kd_ratio: [0.5, 2] }, ${given('')}`,
      [],
    ],
    [
      `matrix: { kd_method: [SoftTarget, AT], include: [{ kd_method: KD, kd_ratio: 0.5 }, { kd_method: AT, kd_ratio: 2 }] }, ${given('')}`,
      `matrix: { kd_method: [SoftTarget, AT], include: [{ kd_method: SoftTarget, kd_ratio: 0.5 }, { kd_method: AT, kd_ratio: 2 }] }, ${given('')}`,
      [],
    ],
  ])('plans the very cell: %s', (written, meant, overrides) => {
    expect(planned(written, ...overrides)).toEqual(planned(meant));
  });

  it('plans the very cell from an override', () => {
    const axis = `matrix: { kd_method: [AT] }, ${given(', kd_ratio: 0.5')}`;
    expect(planned(axis, 'kd_method=KD')).toEqual(planned(axis, 'kd_method=SoftTarget'));
    const one = given(', kd_ratio: 0.5, kd_method: AT');
    expect(planned(one, 'kd_method=KD')).toEqual(planned(one, 'kd_method=SoftTarget'));
    expect(planned(one, 'kd_method=KD,AT').map(({ id }) => id)).toEqual([
      'student[kd_method=SoftTarget]',
      'student[kd_method=AT]',
    ]);
  });
});
