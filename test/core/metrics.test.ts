import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { lowerIsBetter, metricAt, metricHead, metricPaths } from '../../src/core/metrics.ts';

const metrics: JsonObject = {
  test: { accuracy: 0.75, tta: { accuracy: 0.77 }, 'top-5': 0.93 },
  'val.accuracy': 0.74,
  engine: 'wasm',
  nothing: null,
  'a.b': { 'c.d': 1 },
  blocks: [3, 4],
};

describe('a metric by its dotted path', () => {
  it.each([
    ['test.accuracy', 0.75],
    ['test.tta.accuracy', 0.77],
    ['test.top-5', 0.93],
    ['engine', 'wasm'],
    ['nothing', null],
    ['blocks', [3, 4]],
  ])('finds %s', (path, value) => {
    expect(metricAt(metrics, path)).toEqual(value);
  });

  it('is found where names hold dots themselves', () => {
    expect(metricAt(metrics, 'val.accuracy')).toBe(0.74);
    expect(metricAt(metrics, 'a.b.c.d')).toBe(1);
  });

  it.each(['test', 'test.tta', 'val', 'test.mpa', 'test.accuracy.more', 'nothing.at.all', '', '.', 'blocks.0'])(
    'is not found at "%s"',
    (path) => {
      expect(metricAt(metrics, path)).toBeUndefined();
    },
  );

  it('is never something that objects inherit', () => {
    for (const path of ['constructor', 'toString', '__proto__', 'test.constructor', '__proto__.toString']) {
      expect(metricAt(metrics, path)).toBeUndefined();
    }
  });

  it('is found at every listed path', () => {
    const tree = fc.letrec<{ node: JsonObject }>((tie) => ({
      node: fc.dictionary(
        fc.string({ minLength: 1, maxLength: 4 }).filter((name) => !name.includes('.')),
        fc.oneof({ maxDepth: 3 }, fc.integer(), tie('node')),
        { maxKeys: 4 },
      ),
    })).node;
    fc.assert(
      fc.property(tree, (values) => {
        for (const path of metricPaths(values)) expect(metricAt(values, path)).toBeTypeOf('number');
      }),
    );
  });
});

describe('the paths of metrics', () => {
  it('are listed in order, groups opened', () => {
    expect(metricPaths(metrics)).toEqual([
      'test.accuracy',
      'test.tta.accuracy',
      'test.top-5',
      'val.accuracy',
      'engine',
      'nothing',
      'a.b.c.d',
      'blocks',
    ]);
  });
});

describe('whether less is better', () => {
  it.each([
    'val.loss',
    'test.nll',
    'test.ece',
    'test.teacher_kl',
    'seconds',
    'train_seconds',
    'error',
    'test.error-rate',
    'macs',
    'a.Loss',
  ])('is known of %s', (path) => {
    expect(lowerIsBetter(path)).toBe(true);
  });

  it.each(['test.accuracy', 'test.mpa', 'images_per_second', 'loss.accuracy', 'agreement', 'lossless', 'f1'])(
    'is not said of %s',
    (path) => {
      expect(lowerIsBetter(path)).toBe(false);
    },
  );
});

describe('a metric in words', () => {
  it.each([
    ['val.accuracy', 'val accuracy'],
    ['val.mpa', 'val mpa'],
    ['test.accuracy', 'test accuracy'],
    ['test.tta.accuracy', 'test accuracy(TTA)'],
    ['test.tta.mpa', 'test mpa(TTA)'],
    ['seconds', 'seconds'],
  ])('is written as the original study does: %s as %s', (path, words) => {
    expect(metricHead(path)).toBe(words);
  });
});
