import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import { requireSize, type Model } from '../../../src/ml/models/model.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import { costOf } from '../../../src/ml/network/cost.ts';

const names = Object.keys(models) as ModelName[];
const image = (height: number, width = height) => ({ height, width, channels: 3 });

describe.each(names)('%s', (name) => {
  const model: Model = models[name];
  const side = Math.max(32, model.minimumSize);
  const [few, many] = [model.build(image(side), 2), model.build(image(side), 37)];
  const features = few.layers[few.taps['pooled']!]!.shape.channels;

  it('has another classifier for other classes, and nothing else', () => {
    expect(many.layers.slice(0, -1)).toEqual(few.layers.slice(0, -1));
    expect(many.parameters.slice(0, -2)).toEqual(few.parameters.slice(0, -2));
    const [classifier = ''] = few.parameters.at(-1)!.name.split(/\.bias$/);
    expect(many.parameters.slice(-2).map((spec) => [spec.name, spec.shape])).toEqual([
      [`${classifier}.weight`, [37, features]],
      [`${classifier}.bias`, [37]],
    ]);
    expect(many.taps).toEqual(few.taps);
  });

  it('costs a weight a feature and a bias for each further class', () => {
    const [less, more] = [costOf(few), costOf(many)];
    expect(more.parameters - less.parameters).toBe(35 * (features + 1));
    expect(more.macs - less.macs).toBe(35 * features);
  });

  it('has one state dict for all image sizes, square or not', () => {
    const odd = model.build(image(model.minimumSize + 3, model.minimumSize + 40), 2);
    expect(odd.parameters).toEqual(few.parameters);
    expect(odd.input).toEqual(image(model.minimumSize + 3, model.minimumSize + 40));
  });

  it('is the same network each time it is built', () => {
    expect(model.build(image(side), 2)).toEqual(few);
  });

  it('is taken at the size and with the classes that it is known by', () => {
    const { side: pixels, classes } = model.nominal;
    expect(pixels).toBeGreaterThanOrEqual(model.minimumSize);
    expect(model.build(image(pixels), classes)).toMatchObject({ model: name, classes, input: image(pixels) });
  });

  it('gives every value that it makes to a later layer, but for its logits', () => {
    const read = new Set(few.layers.flatMap(({ inputs }) => inputs));
    const unread = few.layers.flatMap((layer, index) => (read.has(index) ? [] : [layer.name]));
    expect(unread).toEqual([few.layers.at(-1)!.name]);
  });

  it('costs more for larger images, with not one parameter more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), (a, b) => {
        const costs = [a, b]
          .sort((x, y) => x - y)
          .map((more) => costOf(model.build(image(model.minimumSize + more), 2)));
        expect(costs[1]!.parameters).toBe(costs[0]!.parameters);
        expect(costs[1]!.macs).toBeGreaterThanOrEqual(costs[0]!.macs);
      }),
      { seed: 91, numRuns: 5 },
    );
  });
});

describe('the smallest size', () => {
  const refusal = (height: number, width: number) => {
    try {
      requireSize('net', image(height, width), 16);
      return undefined;
    } catch (error) {
      if (error instanceof FailureError) return error.failures;
      throw error;
    }
  };

  it.each([
    [16, 16],
    [16, 4000],
    [17, 16],
  ])('lets %i×%i pass', (height, width) => {
    expect(refusal(height, width)).toBeUndefined();
  });

  it.each([
    [15, 16],
    [16, 15],
    [0, 0],
  ])('refuses %i×%i by its shorter side, with what would do', (height, width) => {
    expect(refusal(height, width)).toEqual([
      {
        ...{ code: 'image-too-small', message: `net cannot take ${height}×${width} images` },
        ...{ expected: 'at least 16×16 pixels', fix: 'image_size: 16' },
      },
    ]);
  });
});
