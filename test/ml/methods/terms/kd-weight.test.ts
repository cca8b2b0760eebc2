import { describe, expect, it } from 'vitest';
import type { KdMethod } from '../../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../../src/ml/methods/registry.ts';
import { kdRatio, kdWeight } from '../../../../src/ml/methods/terms/kd-weight.ts';
import { lossReference } from '../../../support/loss-reference.ts';

describe('weight of the distillation term', () => {
  it.each(lossReference.kd_weight.table)(
    'is the reference’s for kd_ratio %d: odds below 1, the ratio from 1 on',
    (r, w) => {
      expect(kdWeight(r, 'odds')).toBeCloseTo(w, 8);
    },
  );

  it('is the ratio itself for a plain method', () => {
    expect([0.2, 1, 1000].map((ratio) => kdWeight(ratio, 'plain'))).toEqual([0.2, 1, 1000]);
  });

  const published = Object.values<KdMethod>(methods).flatMap((method) =>
    method.published ? [[method.name, method.published, method.weighting] as const] : [],
  );

  it.each(published)(
    'of a paper or program is also what its ratio makes, and says whose it is: %s',
    (...[, own, rule]) => {
      expect(kdWeight(kdRatio(own.weight, rule), rule) / own.weight).toBeCloseTo(1, 9);
      expect(own.source).not.toBe('');
    },
  );
});
