import { readFile } from 'node:fs/promises';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { fail } from '../../../core/failure.ts';
import { byteAt } from '../../../util/at.ts';
import { fileForm, type FileForm } from '../../../util/file-form.ts';
import type { RgbImage } from '../../augment/image.ts';
import { BAD_IMAGE, type Oddity, type SourcePicture } from '../source.ts';
import { extensionOf, formatNamed, formatOf, READ_FORMATS } from './formats.ts';
import { isPlainJpeg } from './jpeg.ts';
import { orientationIn, turnUpright } from './orientation.ts';
import { storesBareYcbcr } from './tiff.ts';

type SharpModule = (input: Buffer, options: SharpOptions) => Sharp;

/** What libvips calls its decoders of the formats that are read. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'];

let loaded: Promise<SharpModule> | undefined;

/** Loads sharp once, on first use: sources of plain arrays never pay for it. */
function sharpModule(): Promise<SharpModule> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    // Many images are decoded side by side, each on one thread; no image is read twice.
    sharp.concurrency(1);
    sharp.cache(false);
    // Of the decoders that it has, only those of formats that are read: an SVG names further files.
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: LOADERS.map((name) => `VipsForeignLoad${name}`) });
    return sharp;
  });
  return loaded;
}

/** Pillow's rounded product of two fractions of 255. */
function times255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** CMYK → RGB as Pillow's `convert('RGB')`: no colour profile, channel = (255 − K) − C·(255 − K)/255. */
function rgbFromCmyk(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let read = 0, write = 0; read < cmyk.length; read += 4) {
    const light = 255 - byteAt(cmyk, read + 3);
    for (let k = 0; k < 3; k++) rgb[write++] = light - times255(byteAt(cmyk, read + k), light);
  }
  return rgb;
}

/** What is known of a picture's file. */
type Facts = Pick<Metadata, 'format' | 'space' | 'depth' | 'orientation' | 'xmp'>;

const PLAIN_JPEG: Facts = { format: 'jpeg', space: 'srgb', depth: 'uchar' };

/** A picture as it is stored, and what is known of its file. */
interface Decoded {
  readonly image: RgbImage;
  readonly metadata: Facts;
}

/** Decodes; the less it fails on, the more is made of damaged files. */
async function decodeWith(input: Buffer, failOn: 'warning' | 'error'): Promise<Decoded> {
  const sharp = await sharpModule();
  const picture = sharp(input, { failOn, ignoreIcc: true }).autoOrient();
  const metadata = isPlainJpeg(input) ? PLAIN_JPEG : await picture.metadata();
  const { space, depth, format } = metadata;
  if (depth !== 'uchar' && depth !== 'ushort') throw new Error(`its samples are of type ${depth}, not of 8 or 16 bits`);
  if (format === 'tiff' && storesBareYcbcr(input))
    throw new Error('its colours are stored as YCbCr without JPEG, which is not read');
  const cmyk = space === 'cmyk';
  if (cmyk) picture.pipelineColourspace('cmyk').toColourspace('cmyk');
  else picture.toColourspace('srgb').removeAlpha();
  const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const pixels = cmyk ? rgbFromCmyk(data) : data;
  const orientation = metadata.orientation === undefined ? orientationIn(metadata.xmp) : 1;
  return { image: turnUpright({ pixels, height: info.height, width: info.width }, orientation), metadata };
}

/** What sharp says, in one line, without its word on its own settings. */
const oneLine = (error: unknown): string =>
  (error as Error).message
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .replace('Warning treated as error due to failOn setting; ', '');

/** What decoders only warn of is decoded, as Pillow does, and said. */
async function decode(input: Buffer): Promise<Decoded & { readonly warning?: string }> {
  // Before any decoder sees it: the name may say anything.
  if (formatOf(input) === undefined) throw new Error('its content is of no format that is read');
  try {
    return await decodeWith(input, 'warning');
  } catch (error) {
    return { ...(await decodeWith(input, 'error')), warning: oneLine(error) };
  }
}

/** What a file is that is no picture, as far as its bytes tell. */
function formOf(bytes: Buffer): FileForm | undefined {
  const form = fileForm(bytes.subarray(0, 1024));
  return form?.id === 'picture' ? undefined : form;
}

function odditiesOf(file: string, { metadata, warning }: { metadata: Facts; warning?: string }): readonly Oddity[] {
  const named = formatNamed(extensionOf(file));
  const oddities: Oddity[] = [];
  if (warning !== undefined) oddities.push({ kind: 'damaged', warning });
  if (metadata.depth === 'ushort') oddities.push({ kind: 'deep' });
  if (named !== metadata.format) oddities.push({ kind: 'misnamed', extension: extensionOf(file) });
  return oddities;
}

/**
 * Decodes an image file to 8-bit RGB as Pillow 11.3's `convert('RGB')` does after `exif_transpose`: turned as EXIF says,
 * or XMP where EXIF says nothing; grey in three equal channels, alpha dropped, colour profiles ignored, CMYK by the plain
 * formula; of an animation the first frame. The name is no more than a hint: the content tells the format.
 *
 * Other than Pillow: of 16 bits the upper 8 count, of grey ones too, which Pillow cuts off at 255; transparent pixels of
 * a GIF are black; colours of AVIF files differ, as they do from one Pillow to the next. Samples of 32 bits are refused: their range is unknown.
 *
 * @param file - absolute path, or what to call the picture where its bytes are given
 * @param bytes - of the file, where they are at hand
 * @returns the picture, and what is odd about its file
 * @throws FailureError `bad-image` when the file is truncated, damaged beyond warnings, or no image
 */
export async function decodeImage(file: string, bytes?: Buffer): Promise<SourcePicture> {
  let input = bytes;
  try {
    input ??= await readFile(file);
    const decoded = await decode(input);
    return { ...decoded.image, oddities: odditiesOf(file, decoded) };
  } catch (error) {
    const form = input && formOf(input);
    return fail({
      code: BAD_IMAGE,
      message: `${file} can't be decoded: ${form ? `it is ${form.name}` : oneLine(error)}`,
      place: { file },
      expected: `a whole ${READ_FORMATS} file`,
      fix: `${form?.id === 'lfs' ? 'fetch it with git lfs pull' : 'replace or remove the file'}, or set on_bad_image: skip`,
    });
  }
}

/**
 * Looks at a picture's header.
 *
 * @param bytes - of its file
 * @returns height and width in pixels, upright as EXIF says
 * @throws Error where it has none that can be read
 */
export async function pictureSize(bytes: Buffer): Promise<{ readonly height: number; readonly width: number }> {
  const sharp = await sharpModule();
  const { height, width } = (await sharp(bytes, {}).metadata()).autoOrient;
  return { height, width };
}

/**
 * What decodes.
 *
 * @returns versions of sharp and of the libraries in it
 */
export async function decoderVersions(): Promise<Readonly<Record<string, string>>> {
  const { default: sharp } = await import('sharp');
  const { sharp: own, vips, mozjpeg = '' } = sharp.versions;
  return { sharp: own, vips, mozjpeg };
}
