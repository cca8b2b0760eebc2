import { expect, it } from 'vitest';
import type { ValueObject } from '../../../src/core/plan.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';

const revision = (params: ValueObject): number | undefined => distillStudent.revision?.(params);

it('only keys of methods whose numbers have changed have another version', () => {
  expect(revision({ kd_method: 'SoftTarget' })).toBe(0);
  expect(revision({ kd_method: 'RKD' })).toBe(1);
  // A combination's `kd_method` is its methods' names joined.
  expect(revision({ kd_method: 'AT+RKD', kd: [{ method: 'AT' }, { method: 'RKD' }] })).toBe(1);
  expect(revision({ kd_method: 'AT+SP', kd: [{ method: 'AT' }, { method: 'SP' }] })).toBe(0);
});
