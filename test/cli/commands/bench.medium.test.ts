import { afterAll, describe, expect, it } from 'vitest';
import type { Measurement } from '../../../src/ml/bench/measure.ts';
import { Project } from '../../support/project.ts';

const project = new Project({});
afterAll(() => project.remove());

describe('kdpipe bench', () => {
  it('prints a line a model', () => {
    const { code, stdout } = project.run(
      'bench',
      'convnet4',
      '--image-size',
      '8',
      '--batch-size',
      '2',
      '--threads',
      '1',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^model +image +batch +engine +threads +kernels +training \(img\/s\) +bringing images +frozen \(img\/s\)$/m,
    );
    expect(stdout).toMatch(
      /^convnet4 +8² +2 +(?:native +1 +(?:avx512|avx2|neon)|wasm +1 +relaxed) +\d+\.\d +\d+\.\d % +\d+\.\d$/m,
    );
  });

  it('prints JSON, of the reference engine too', () => {
    const flags = ['--engine', 'reference', '--image-size', '8', '--batch-size', '1', '--json'];
    const { code, stdout, stderr } = project.run('bench', 'convnet4', ...flags);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [measured, ...more] = JSON.parse(stdout) as Measurement[];
    expect(more).toEqual([]);
    expect(measured).toMatchObject({ model: 'convnet4', engine: 'reference', side: 8, batch: 1 });
    expect(measured?.training).toBeGreaterThan(0);
    expect(measured?.bringing).toBeGreaterThan(0);
    expect(measured?.bringing).toBeLessThan(1);
  });

  it.each([
    [['resnet200'], 'there is no model "resnet200"'],
    [['resnet8', '--engine', 'cuda'], 'Allowed choices are'],
    [['resnet50', '--image-size', '8'], 'resnet50 cannot take 8×8 images'],
    [['resnet8', '--batch-size', '0'], 'expected a whole number of at least 1'],
  ])('refuses %j', (argv, said) => {
    const { code, stdout, stderr } = project.run('bench', ...argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(said);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
