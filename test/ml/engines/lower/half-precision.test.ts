import { describe, expect, it } from 'vitest';
import { lowerInference, lowerTraining } from '../../../../src/ml/engines/lower/lower.ts';
import { BFLOAT16_LIMITS } from '../../../../src/ml/engines/native/machine.ts';
import { KERNEL_TARGET } from '../../../../src/ml/engines/kernels/target.ts';
import type { Operation } from '../../../../src/ml/engines/program.ts';
import type { Target } from '../../../../src/ml/engines/target.ts';
import { models, type ModelName } from '../../../../src/ml/models/registry.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const HALF: Target = { ...KERNEL_TARGET, bfloat16: BFLOAT16_LIMITS };

type Product = Extract<Operation, { primitive: 'conv' | 'conv-input-gradient' | 'conv-filter-gradient' }>;
const isProduct = (operation: Operation): operation is Product =>
  ['conv', 'conv-input-gradient', 'conv-filter-gradient'].includes(operation.primitive);

function products(model: ModelName, side: number, batch: number, target: Target): readonly Product[] {
  const network = models[model].build({ height: side, width: side, channels: 3 }, 10);
  const { sections } = lowerTraining(network, { target, batch, taps: [] }, ADAMW);
  return Object.values(sections).flat().filter(isProduct);
}

const isRounded = ({ numbers }: Product): boolean => numbers.bfloat16 === 1;
const isTransformed = ({ operands }: Product): boolean => operands.transformed !== null;
/** Products of a map of a side, by a kernel. */
const at = (all: readonly Product[], side: number, kernel: number): readonly Product[] =>
  all.filter(({ numbers }) => numbers.outHeight === side && numbers.kernel === kernel && numbers.stride === 1);

describe('products in half precision', () => {
  it('are none where a target has none', () => {
    expect(products('resnet50', 224, 8, KERNEL_TARGET).filter(isRounded)).toEqual([]);
  });

  it('are all 1×1 ones of resnet50, forwards and backwards', () => {
    const all = products('resnet50', 224, 8, HALF);
    for (const side of [56, 28, 14, 7]) {
      const pointwise = at(all, side, 1);
      expect(new Set(pointwise.map(({ primitive }) => primitive)).size).toBe(3);
      expect(pointwise.every(isRounded), `${side}²`).toBe(true);
    }
  });

  it('leave 3×3 ones to Winograd’s algorithm in float32, but where few tiles share a large filter', () => {
    const all = products('resnet50', 224, 8, HALF);
    for (const side of [56, 28, 14]) expect(at(all, side, 3).every(isTransformed), `${side}²`).toBe(true);
    expect(at(all, 7, 3).every((one) => isRounded(one) && !isTransformed(one))).toBe(true);
    expect(at(products('resnet50', 224, 64, HALF), 7, 3).every(isTransformed)).toBe(true);
  });

  it('are never both', () => {
    for (const model of ['resnet50', 'mobilenetv2', 'resnet20'] as const)
      expect(products(model, 64, 4, HALF).filter((one) => isRounded(one) && isTransformed(one))).toEqual([]);
  });

  it('leave those of few channels in float32, whose rounding would take longer', () => {
    const all = at(products('mobilenetv2', 224, 16, HALF), 112, 1);
    const kinds = all.map(({ primitive, numbers }) => `${primitive} ${numbers.outChannels} ${numbers.bfloat16}`);
    expect(kinds).toEqual(
      expect.arrayContaining(['conv 16 0', 'conv 96 1', 'conv-input-gradient 96 1', 'conv-filter-gradient 96 0']),
    );
  });

  it('have room for the rounded filter, two values in a float', () => {
    for (const one of products('mobilenetv2', 224, 16, HALF)) {
      if (one.primitive !== 'conv') continue;
      expect(one.operands.rounded !== null).toBe(isRounded(one));
    }
  });

  it('are not taken of sums that are too long for a thread', () => {
    const short: Target = { ...HALF, bfloat16: { ...BFLOAT16_LIMITS, mostDepth: 512 } };
    const rounded = products('resnet50', 224, 8, short).filter(isRounded);
    expect(rounded.length).toBeGreaterThan(0);
    for (const { primitive, numbers } of rounded) {
      const terms = { conv: numbers.channels, 'conv-input-gradient': numbers.outChannels, 'conv-filter-gradient': 1 };
      expect(numbers.kernel ** 2 * terms[primitive]).toBeLessThanOrEqual(512);
    }
  });

  it('are none of an evaluation, where the target is for float32', () => {
    const network = models.resnet20.build({ height: 32, width: 32, channels: 3 }, 10);
    const { forward } = lowerInference(network, { target: KERNEL_TARGET, batch: 8, taps: [] }).sections;
    expect(forward.filter(isProduct).filter(isRounded)).toEqual([]);
  });
});
