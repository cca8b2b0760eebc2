import { describe, expect, it } from 'vitest';
import { hasGpuSigns } from '../../src/util/gpu-signs.ts';

const isApple = process.platform === 'darwin' && process.arch === 'arm64';

describe('hasGpuSigns', () => {
  it.each(['/dev/nvidiactl', '/dev/kfd', '/dev/dxg'])('sees a driver by %s', (device) => {
    expect(hasGpuSigns({}, (path) => path === device)).toBe(true);
  });

  it('sees none without a driver, but on Apple’s processors', () => {
    expect(hasGpuSigns({}, () => false)).toBe(isApple);
  });

  it.each([
    [{ KDPIPE_GPUS: '' }, false],
    [{ CUDA_VISIBLE_DEVICES: '' }, false],
    [{ CUDA_VISIBLE_DEVICES: '-1' }, false],
    [{ CUDA_VISIBLE_DEVICES: '1' }, true],
    [{ KDPIPE_GPUS: '0', CUDA_VISIBLE_DEVICES: '' }, true],
  ])('follows what hides GPUs: %o → %s', (environment, expected) => {
    expect(hasGpuSigns(environment, () => true)).toBe(expected);
  });
});
