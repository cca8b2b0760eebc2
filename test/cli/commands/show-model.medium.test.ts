import { afterAll, describe, expect, it } from 'vitest';
import type { ModelDescription } from '../../../src/ml/show/describe-model.ts';
import { Project } from '../../support/project.ts';

const project = new Project({});
afterAll(() => project.remove());

describe('kdpipe show MODEL', () => {
  it('prints layers, shapes, parameters, MACs and taps', () => {
    const { code, stdout, stderr } = project.run('show', 'mobilenetv2', '--classes', '200');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('224×224×3 pixels, 200 classes: 2,480,072 parameters, 299,750,272 MACs\n');
    expect(stdout).toMatch(/^features\.2\.conv\.1\.0 +conv 3×3, stride 2, groups 96 +56×56×96 +864 +2,709,504$/m);
    expect(stdout).toMatch(/^features\.3\.conv\.add +add +56×56×24 +block1$/m);
  });

  it('takes an image size, and prints JSON', () => {
    const { code, stdout } = project.run('show', 'resnet50', '--image-size', '64', '--classes', '200', '--json');
    const description = JSON.parse(stdout) as ModelDescription;
    expect(code).toBe(0);
    expect(description).toMatchObject({ model: 'resnet50', parameters: 23_917_832, macs: 334_053_376 });
    expect(description.layers.at(-1)).toMatchObject({ name: 'fc', taps: ['logits'], channels: 200 });
  });

  it.each([
    [['resnet50', '--image-size', '8'], 'resnet50 cannot take 8×8 images'],
    [['resnet8', '--image-size', '0'], 'expected a whole number of at least 1'],
    [['wasm', '--classes', '3'], '--image-size and --classes do not apply to wasm'],
    [['resnet51'], 'resnet50'],
  ])('refuses %j', (argv, said) => {
    const { code, stdout, stderr } = project.run('show', ...argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(said);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
