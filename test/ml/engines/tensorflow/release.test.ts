import { describe, expect, it } from 'vitest';
import { costOf, SOURCES, WHEELS } from '../../../../src/ml/engines/tensorflow/release.ts';

const all = [...WHEELS.cpu, ...WHEELS.cuda, ...Object.values(SOURCES)];

describe('the release of TensorFlow', () => {
  it('has a checksum of its own for every file', () => {
    const digests = all.flatMap(({ sha256 }) => sha256);
    expect(digests.every((digest) => /^[0-9a-f]{64}$/.test(digest))).toBe(true);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('takes more on the disk than it downloads, and most of it for CUDA', () => {
    const [cpu, cuda] = [costOf('cpu'), costOf('cuda')];
    expect(cpu.download).toBeGreaterThan(WHEELS.cpu[0].size);
    expect(cpu.disk).toBeGreaterThan(cpu.download);
    expect(cuda.disk).toBeGreaterThan(5 * cpu.disk);
  });
});
