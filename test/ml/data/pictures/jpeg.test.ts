import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { isPlainJpeg } from '../../../../src/ml/data/pictures/jpeg.ts';
import { picture } from '../samples.ts';

const drawn = (): Sharp => sharp(picture(1, 16, 12).pixels, { raw: { width: 16, height: 12, channels: 3 } });
const jpeg = (make = drawn(), options = {}): Promise<Buffer> => make.jpeg(options).toBuffer();

describe('a plain JPEG', () => {
  it.each([
    ['in colour', () => jpeg()],
    ['grey', () => jpeg(drawn().greyscale())],
    ['progressive', () => jpeg(drawn(), { progressive: true })],
    ['turned by EXIF', () => jpeg(drawn().withMetadata({ orientation: 6 }))],
  ])('is one %s', async (_, make) => {
    const file = await make();
    expect(isPlainJpeg(file)).toBe(true);
    // What is taken for granted of it.
    const { format, space, depth, xmp } = await sharp(file).metadata();
    expect([format, depth, xmp]).toEqual(['jpeg', 'uchar', undefined]);
    expect(['srgb', 'b-w']).toContain(space);
  });

  it.each([
    ['CMYK', () => jpeg(drawn().toColourspace('cmyk'))],
    ['one with XMP', () => jpeg(drawn().withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'))],
    ['PNG', () => drawn().png().toBuffer()],
  ])('is not %s', async (_, make) => {
    expect(isPlainJpeg(await make())).toBe(false);
  });

  it('is not one that ends before its first scan, wherever that is', async () => {
    const file = await jpeg();
    const scan = file.indexOf(Buffer.from([0xff, 0xda]));
    for (let end = 0; end < scan; end++) expect(isPlainJpeg(file.subarray(0, end))).toBe(false);
  });
});
