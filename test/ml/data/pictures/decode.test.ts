import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { READ_EXTENSIONS } from '../../../../src/ml/data/pictures/formats.ts';
import { decodeImage } from '../../../../src/ml/data/pictures/decode.ts';
import { base64, fixture } from '../../augment/transform-reference.ts';
import { encoded, failuresOf, Folder, picture } from '../samples.ts';

interface Case {
  readonly file: string;
  readonly size: readonly [number, number];
  readonly rgb: string;
  readonly warns?: boolean;
}

const cases = fixture('decode.json') as Readonly<Record<string, Case>>;
let folder: Folder;

beforeAll(() => void (folder = new Folder()));
afterAll(() => folder.remove());

describe('decoding', () => {
  it.each(Object.entries(cases))(
    'gives the RGB that Pillow 11.3 gives: %s',
    async (name, { file, size, rgb, warns }) => {
      const made = await decodeImage(folder.write(name, Buffer.from(file, 'base64')));
      expect([made.width, made.height]).toEqual(size);
      expect(base64(made)).toBe(rgb);
      const kinds = made.oddities?.map(({ kind }) => kind);
      expect(kinds).toEqual(
        warns ? ['damaged'] : name.startsWith('deep') ? ['deep'] : name === 'named.png' ? ['misnamed'] : [],
      );
    },
  );

  it('reads every format that it says it reads, with the sharp that is installed', () => {
    const formats: Readonly<Record<string, { readonly input: { readonly fileSuffix?: readonly string[] } }>> = {
      ...sharp.format,
    };
    const suffixes = Object.values(formats).flatMap(({ input }) => input.fileSuffix ?? []);
    expect(READ_EXTENSIONS.filter((extension) => !suffixes.includes(extension))).toEqual([]);
    // What else it takes: drawings without pixels of their own, and files of its own making.
    expect(suffixes.filter((suffix) => !READ_EXTENSIONS.includes(suffix))).toEqual([
      '.svg',
      '.svgz',
      '.svg.gz',
      '.v',
      '.vips',
    ]);
  });

  it('reads AVIF', async () => {
    const avif = sharp(picture(3, 40, 30).pixels, { raw: { width: 40, height: 30, channels: 3 } }).avif({
      lossless: true,
    });
    const made = await decodeImage(folder.write('a.avif', await avif.toBuffer()));
    expect([made.width, made.height, made.oddities]).toEqual([40, 30, []]);
  });

  it('knows AVIF by any of its brands', async () => {
    const raw = { raw: { width: 40, height: 30, channels: 3 } } as const;
    const file = await sharp(picture(3, 40, 30).pixels, raw)
      .avif({ lossless: true })
      .toBuffer();
    const size = file.readUInt32BE(0);
    file.write('mif1', 8, 'latin1');
    expect(file.toString('latin1', 16, size)).toContain('avif');
    expect((await decodeImage(folder.write('b.avif', file))).width).toBe(40);
  });

  it('says what the decoder warned of, and which name is wrong', async () => {
    const warned = await decodeImage(folder.write('restart.jpg', Buffer.from(cases['restart.jpg']!.file, 'base64')));
    expect(warned.oddities).toEqual([
      { kind: 'damaged', warning: expect.stringContaining('Corrupt JPEG data') as string },
    ]);
    const named = await decodeImage(folder.write('picture.bmp', await encoded(picture(1))));
    expect(named.oddities).toEqual([{ kind: 'misnamed', extension: '.bmp' }]);
  });

  it('reads the small TIFF file that the tests below spoil', async () => {
    const made = await decodeImage(folder.write('small.tif', smallTiff({})));
    expect([...made.pixels]).toEqual([...smallTiff({}).subarray(8, 14)]);
  });

  it('refuses samples of 32 bits, whose range nobody knows', async () => {
    const [failure] = await failuresOf(() =>
      decodeImage(folder.write('float.tif', smallTiff({ photometric: 1, float: true }))),
    );
    expect(failure).toMatchObject({ code: 'bad-image' });
    expect(failure?.message).toContain('float');
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

const FORMATS = ['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'] as const;
type Format = (typeof FORMATS)[number];

describe('an image is called bad, by its path, when it', () => {
  it.each<[string, string, (whole: Readonly<Record<Format, Buffer>>) => Uint8Array]>([
    ['is a JPEG cut in half', 'half.jpg', ({ jpeg }) => jpeg.subarray(0, jpeg.length / 2)],
    ['is a JPEG without its end marker', 'end.jpg', ({ jpeg }) => jpeg.subarray(0, jpeg.length - 2)],
    ['is a PNG cut in half', 'half.png', ({ png }) => png.subarray(0, png.length / 2)],
    ['is a WebP cut in half', 'half.webp', ({ webp }) => webp.subarray(0, webp.length / 2)],
    ['is a TIFF cut in half', 'half.tif', ({ tiff }) => tiff.subarray(0, tiff.length / 2)],
    ['is a GIF cut in half', 'half.gif', ({ gif }) => gif.subarray(0, gif.length / 2)],
    ['is an AVIF cut in half', 'half.avif', ({ avif }) => avif.subarray(0, avif.length / 2)],
    ['is a TIFF with colours as YCbCr without JPEG', 'ycbcr.tif', () => smallTiff({ photometric: 6 })],
    ['is text', 'text.jpg', () => Buffer.from('hello')],
    ['is empty', 'empty.png', () => new Uint8Array()],
  ])('%s', async (_title, name, bytes) => {
    const large = picture(3, 80, 60);
    const raw = sharp(large.pixels, { raw: { width: large.width, height: large.height, channels: 3 } });
    const made = FORMATS.map(async (format) => [format, await raw.clone().toFormat(format).toBuffer()] as const);
    const whole = Object.fromEntries(await Promise.all(made)) as Record<Format, Buffer>;
    const file = folder.write(name, bytes(whole));
    const [failure] = await failuresOf(() => decodeImage(file));
    expect(failure).toMatchObject({ code: 'bad-image', place: { file } });
    expect(failure?.message).toContain(name);
    expect(failure?.fix).toContain('on_bad_image: skip');
    expect(failure?.message).not.toContain('\n');
  });

  it.each([
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n', /git lfs pull/],
    ['an HTML page', '<!DOCTYPE html><title>404</title>', /replace or remove/],
  ])('is %s, and says so', async (what, text, fix) => {
    const [failure] = await failuresOf(() => decodeImage(folder.write('pointer.jpg', text)));
    expect(failure).toMatchObject({ code: 'bad-image', fix: expect.stringMatching(fix) as string });
    expect(failure?.message).toContain(`it is ${what}`);
  });

  it.each([
    ['drawing', (svg: string) => svg],
    ['drawing after a declaration', (svg: string) => `<?xml version="1.0"?>\n<!-- drawn -->\n${svg}`],
  ])('is a %s, whatever its name: what it names is not read', async (_, made) => {
    folder.write('neighbour.png', await encoded(picture(1)));
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="neighbour.png"/></svg>';
    const [failure] = await failuresOf(() => decodeImage(folder.write('drawing.png', made(svg))));
    expect(failure?.message).toMatch(/drawing\.png can't be decoded: it is an SVG drawing$/);
    // The decoder is off, too.
    await expect(sharp(Buffer.from(svg)).toBuffer()).rejects.toThrow();
  });

  it.each(['bmp', 'jp2', 'heic'])(
    'is a picture of a format that is not read, whatever its name: %s',
    async (format) => {
      const head = { bmp: 'BM6\0\0\0', jp2: '\0\0\0\x0cjP  \r\n\x87\n', heic: '\0\0\0\x18ftypheic\0\0\0\0mif1heic' };
      const bytes = Buffer.concat([Buffer.from(head[format as 'bmp'], 'latin1'), Buffer.alloc(99, 0xfe)]);
      const [failure] = await failuresOf(() => decodeImage(folder.write('other.jpg', bytes)));
      expect(failure?.message).toMatch(/its content is of no format that is read$/);
    },
  );

  it('is missing', async () => {
    expect(await failuresOf(() => decodeImage(folder.at('none.jpg')))).toMatchObject([{ code: 'bad-image' }]);
  });
});

/** A TIFF file of 2×1 pixels that are not compressed: 8 bits in three channels, or one of 32. */
function smallTiff({ photometric = 2, float = false }): Buffer {
  const tags = [
    [256, 3, 2], // width
    [257, 3, 1], // height
    [258, 3, float ? 32 : 8], // bits a sample
    [259, 3, 1], // not compressed
    [262, 3, photometric],
    [273, 4, 8], // where the samples are
    [277, 3, float ? 1 : 3], // samples a pixel
    [278, 3, 1], // rows a strip
    [279, 4, float ? 8 : 6], // bytes of the strip
    [339, 3, float ? 3 : 1], // whole numbers, or floating point
    [530, 3, 1 + 2 ** 16], // chrominance as fine as luminance
  ] as const;
  const file = Buffer.alloc(16 + 2 + 12 * tags.length + 4, 0);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(16, 4);
  file.writeFloatLE(0.25, 8);
  file.writeFloatLE(0.75, 12);
  file.writeUInt16LE(tags.length, 16);
  tags.forEach(([tag, type, value], index) => {
    const at = 18 + 12 * index;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(tag === 530 ? 2 : 1, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  return file;
}
