import { describe, expect, it } from 'vitest';
import { modelText } from '../../src/cli/model-text.ts';

const shape = (side: number, channels: number) => ({ height: side, width: side, channels });

describe('modelText', () => {
  it('aligns names left and numbers right, and leaves out what is 0', () => {
    const text = modelText({
      model: 'resnet8',
      summary: 'a network',
      source: 'A Paper, 2016',
      input: shape(8, 3),
      classes: 10,
      parameters: 12_442,
      macs: 1_000_100,
      layers: [
        { name: 'input', operation: 'input', ...shape(8, 3), parameters: 0, macs: 0, taps: [] },
        { name: 'conv', operation: 'conv 3×3', ...shape(8, 16), parameters: 432, macs: 1_000_000, taps: ['block1'] },
        { name: 'fc', operation: 'linear', ...shape(1, 10), parameters: 12_010, macs: 100, taps: ['pooled', 'logits'] },
      ],
    });
    expect(text).toBe(
      `resnet8: a network
A Paper, 2016
8×8×3 pixels, 10 classes: 12,442 parameters, 1,000,100 MACs

layer  operation  output  parameters       MACs  tap
input  input      8×8×3
conv   conv 3×3   8×8×16         432  1,000,000  block1
fc     linear     1×1×10      12,010        100  pooled logits`,
    );
  });
});
