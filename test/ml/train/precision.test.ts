import { describe, expect, it } from 'vitest';
import { precisionFrom, precisionWarning, withPrecision } from '../../../src/ml/train/precision.ts';
import { start, type Position } from '../../../src/ml/train/training-state.ts';

/** A run that has made some updates. */
const begun = (precision?: Position['precision']): Position => ({
  ...start,
  updates: 9,
  ...(precision && { precision }),
});

describe('a run that asks for half precision', () => {
  it('begins in what the engine has', () => {
    expect(precisionFrom('bfloat16', undefined)).toBe('bfloat16');
    expect(precisionFrom('bfloat16', { ...start, precision: 'float32' })).toBe('bfloat16');
    expect(precisionFrom(null, undefined)).toBe('float32');
  });

  it('goes on in what it began in, where the engine has it', () => {
    expect(precisionFrom('bfloat16', begun('bfloat16'))).toBe('bfloat16');
    expect(precisionFrom('bfloat16', begun('float32'))).toBe('float32');
    expect(precisionFrom('bfloat16', begun('mixed'))).toBe('bfloat16');
    expect(precisionFrom(null, begun('float32'))).toBe('float32');
  });

  it('that is older than half precision was in float32', () => {
    expect(precisionFrom('bfloat16', begun())).toBe('float32');
  });

  it('says so where it becomes a mixture, and records it from then on', () => {
    expect(precisionFrom(null, begun('bfloat16'))).toBe('float32');
    expect(precisionWarning('float32', begun('bfloat16'))).toMatch(/began with amp in bfloat16.*goes on in float32/);
    const mixed = withPrecision(begun('bfloat16'), 'float32');
    expect(mixed.precision).toBe('mixed');
    expect(withPrecision(mixed, 'bfloat16').precision).toBe('mixed');
    expect(precisionWarning('bfloat16', mixed)).toBeNull();
  });

  it('goes on in another half precision where the machine has only that', () => {
    expect(precisionFrom('float16', begun('bfloat16'))).toBe('float16');
    expect(precisionWarning('float16', begun('bfloat16'))).toMatch(/goes on in float16, .*mixture/);
    expect(withPrecision(begun('bfloat16'), 'float16').precision).toBe('mixed');
  });

  it('has nothing to say otherwise', () => {
    expect(precisionWarning('bfloat16', undefined)).toBeNull();
    expect(precisionWarning('bfloat16', begun('bfloat16'))).toBeNull();
    expect(precisionWarning('float32', begun('float32'))).toBeNull();
    expect(withPrecision(start, 'bfloat16').precision).toBe('bfloat16');
    expect(withPrecision(begun('float32'), 'float32').precision).toBe('float32');
  });
});

describe('a run that does not', () => {
  it('records nothing of it', () => {
    expect(withPrecision(start, undefined)).toBe(start);
    expect(withPrecision(begun(), undefined)).not.toHaveProperty('precision');
  });
});
