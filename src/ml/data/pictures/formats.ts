import { extname } from 'node:path';

/** Extensions of pictures that are read, and their formats: what the sharp that npm installs decodes. */
const READ: ReadonlyMap<string, string> = new Map([
  ...['.jpg', '.jpeg', '.jpe', '.jfif'].map((name) => [name, 'jpeg'] as const),
  ...['.tif', '.tiff'].map((name) => [name, 'tiff'] as const),
  ['.png', 'png'],
  ['.webp', 'webp'],
  ['.gif', 'gif'],
  ['.avif', 'heif'],
]);

/** Extensions of pictures that are not read, unless the content is one that is. */
const OTHERS: ReadonlySet<string> = new Set([
  ...['.bmp', '.dib', '.ppm', '.pgm', '.pbm', '.pnm', '.pam', '.pfm', '.heic', '.heif', '.hif', '.jp2', '.j2k', '.jpx'],
  ...['.jxl', '.jxr', '.tga', '.pcx', '.ico', '.svg', '.psd', '.exr', '.hdr', '.dng', '.cr2', '.cr3', '.nef', '.arw'],
  ...['.raw', '.dcm', '.apng', '.qoi', '.dds', '.fits', '.svs'],
]);

/** Extensions of pictures that are read. */
export const READ_EXTENSIONS: readonly string[] = [...READ.keys()];

/** The formats that are read, in words. */
export const READ_FORMATS = 'JPEG, PNG, WebP, GIF, TIFF or AVIF';

/**
 * The extension of a file name, as formats are told by it.
 *
 * @param name - of a file
 * @returns lower case, with its dot; empty where there is none
 */
export function extensionOf(name: string): string {
  return extname(name).toLowerCase();
}

/**
 * Tells whether a file looks like a picture, by its name.
 *
 * @param name - of the file
 * @returns true for pictures of all formats that people keep, read here or not
 */
export function looksLikePicture(name: string): boolean {
  return READ.has(extensionOf(name)) || OTHERS.has(extensionOf(name));
}

/**
 * Tells whether a file is a picture that is read, by its name.
 *
 * @param name - of the file
 * @returns true where the name is that of a format that is read
 */
export function isReadByName(name: string): boolean {
  return READ.has(extensionOf(name));
}

/**
 * The format that an extension stands for, by the name that sharp gives it.
 *
 * @param extension - lower case, with its dot
 * @returns the format; undefined for one that is not read
 */
export function formatNamed(extension: string): string | undefined {
  return READ.get(extension);
}

/** How files of the formats begin; `from` is where. */
const SIGNATURES: readonly (readonly [format: string, from: number, bytes: string])[] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['gif', 0, 'GIF8'],
  ['webp', 8, 'WEBP'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['tiff', 0, 'II+\0'],
  ['tiff', 0, 'MM\0+'],
];

/** The brands of an ISO media file: the one that it is of, its version, and those that it also keeps to. */
const AVIF = /^....ftyp(?:avi[fs]|....(?:....)+?avi[fs])/s;

/** Bytes of a file that tell its format. */
export const HEAD_BYTES = 64;

/**
 * Tells the format of a picture by its content.
 *
 * @param head - its first {@link HEAD_BYTES} bytes, or more
 * @returns the format; undefined for one that is not read
 */
export function formatOf(head: Buffer): string | undefined {
  const text = head.toString('latin1', 0, HEAD_BYTES);
  const format = SIGNATURES.find(([, from, bytes]) => text.startsWith(bytes, from))?.[0];
  return format ?? (AVIF.test(text) ? 'avif' : undefined);
}
