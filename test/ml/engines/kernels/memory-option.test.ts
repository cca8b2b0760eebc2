import { afterEach, describe, expect, it, vi } from 'vitest';
import { memoryLimit } from '../../../../src/ml/engines/kernels/memory-option.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('memoryLimit', () => {
  it('is what there is, or what KDPIPE_MEMORY says in MiB where that is less', () => {
    expect(memoryLimit(2 ** 32)).toBe(2 ** 32);
    vi.stubEnv('KDPIPE_MEMORY', '64');
    expect(memoryLimit(2 ** 32)).toBe(2 ** 26);
    vi.stubEnv('KDPIPE_MEMORY', '16384');
    expect(memoryLimit(2 ** 32)).toBe(2 ** 32);
  });

  it.each(['0', '-1', '1.5', '16385', 'much', ''])('refuses %j', (asked) => {
    vi.stubEnv('KDPIPE_MEMORY', asked);
    expect(() => memoryLimit(2 ** 32)).toThrow('KDPIPE_MEMORY is');
  });
});
