import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { decodeImage } from '../../../src/ml/data/decode.ts';
import { base64, fixture } from '../augment/transform-reference.ts';
import { encoded, failuresOf, Folder, picture } from './samples.ts';

const cases = fixture('decode.json') as Readonly<Record<string, { file: string; size: [number, number]; rgb: string }>>;
let folder: Folder;

beforeAll(() => void (folder = new Folder()));
afterAll(() => folder.remove());

describe('decoding', () => {
  it.each(Object.entries(cases))('gives the RGB that Pillow gives: %s', async (name, { file, size, rgb }) => {
    const made = await decodeImage(folder.write(name, Buffer.from(file, 'base64')));
    expect([made.width, made.height]).toEqual(size);
    expect(base64(made)).toBe(rgb);
  });

  it('takes the upper 8 of 16 bits, in colour and in grey', async () => {
    const raw = Uint16Array.from({ length: 4 * 2 * 3 }, (_, i) => (i * 2711 + 255) & 0xffff);
    const colour = sharp(raw, { raw: { width: 4, height: 2, channels: 3 } }).toColourspace('rgb16');
    const made = await decodeImage(folder.write('16.png', await colour.png().toBuffer()));
    expect([...made.pixels]).toEqual(Array.from(raw, (value) => value >> 8));
    const values = raw.subarray(0, 8);
    const grey = sharp(values, { raw: { width: 4, height: 2, channels: 1 } }).toColourspace('grey16');
    const file = folder.write('grey16.png', await grey.png().toBuffer());
    expect((await sharp(file).metadata()).depth).toBe('ushort');
    expect([...(await decodeImage(file)).pixels]).toEqual(
      Array.from(values, (value) => [0, 0, 0].map(() => value >> 8)).flat(),
    );
  });

  it('ignores a colour profile, as Pillow does', async () => {
    const raw = sharp(picture(5).pixels, { raw: { width: 12, height: 10, channels: 3 } });
    const profiled = await raw.png().withIccProfile('p3').toBuffer();
    const stored = await sharp(profiled, { ignoreIcc: true }).raw().toBuffer();
    expect(base64(await decodeImage(folder.write('p3.png', profiled)))).toBe(base64({ pixels: stored }));
    expect(base64({ pixels: stored })).not.toBe(base64(picture(5)));
  });
});

describe('an image is called bad, by its path, when it', () => {
  it.each<[string, string, (whole: { jpeg: Buffer; png: Buffer; webp: Buffer }) => Uint8Array]>([
    ['is a JPEG cut in half', 'half.jpg', ({ jpeg }) => jpeg.subarray(0, jpeg.length / 2)],
    ['is a JPEG without its end marker', 'end.jpg', ({ jpeg }) => jpeg.subarray(0, jpeg.length - 2)],
    ['is a JPEG with a restart in its data', 'bits.jpg', ({ jpeg }) => withMarker(jpeg)],
    ['is a PNG cut in half', 'half.png', ({ png }) => png.subarray(0, png.length / 2)],
    ['is a WebP cut in half', 'half.webp', ({ webp }) => webp.subarray(0, webp.length / 2)],
    ['is text', 'text.jpg', () => Buffer.from('hello')],
    ['is empty', 'empty.png', () => new Uint8Array()],
  ])('%s', async (_title, name, bytes) => {
    const large = picture(3, 80, 60);
    const whole = { jpeg: await encoded(large, 'jpeg'), png: await encoded(large), webp: await encoded(large, 'webp') };
    const file = folder.write(name, bytes(whole));
    const [failure] = await failuresOf(() => decodeImage(file));
    expect(failure).toMatchObject({ code: 'bad-image', place: { file } });
    expect(failure?.message).toContain(name);
    expect(failure?.fix).toContain('on_bad_image: skip');
    expect(failure?.message).not.toContain('\n');
  });

  it('is missing', async () => {
    expect(await failuresOf(() => decodeImage(folder.at('none.jpg')))).toMatchObject([{ code: 'bad-image' }]);
  });
});

/** Overwrites entropy-coded bytes by a marker that doesn't belong there. */
function withMarker(jpeg: Buffer): Buffer {
  const damaged = Buffer.from(jpeg);
  damaged.writeUInt16BE(0xffd9, Math.floor(jpeg.length * 0.8));
  return damaged;
}
