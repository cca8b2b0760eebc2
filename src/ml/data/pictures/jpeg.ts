import { byteAt } from '../../../util/at.ts';

/** Second bytes of markers, ISO/IEC 10918-1, table B.1. */
const START = 0xd8;
const SCAN = 0xda;
const APP1 = 0xe1;
/** Frames are 0xc0 … 0xcf but for tables of Huffman codes, an extension, and arithmetic conditioning. */
const NO_FRAMES = [0xc4, 0xc8, 0xcc];
const XMP = 'http://ns.adobe.com/xap/1.0/';

const isFrame = (marker: number): boolean => marker >> 4 === 0xc && !NO_FRAMES.includes(marker);

/** Samples of 8 bits in one component or three. */
const isPlainFrame = (file: Buffer, at: number): boolean =>
  byteAt(file, at + 4) === 8 && [1, 3].includes(byteAt(file, at + 9));

/**
 * Tells whether a file is a JPEG as nearly all are: 8 bits, grey or colour, turned by EXIF if at all. Of such a file a decoder
 * need not be asked first what it holds, which takes it as long as half the work on a small picture.
 *
 * @param file - its bytes
 * @returns false for other formats, CMYK, XMP, and whatever is unusual before the first scan
 */
export function isPlainJpeg(file: Buffer): boolean {
  if (file.length < 4 || file.readUInt16BE(0) !== 0xff00 + START) return false;
  let isPlain = false;
  for (let at = 2; at + 10 <= file.length; at += 2 + file.readUInt16BE(at + 2)) {
    if (byteAt(file, at) !== 0xff) return false;
    const marker = byteAt(file, at + 1);
    if (marker === SCAN) return isPlain;
    if (marker === APP1 && file.toString('latin1', at + 4, at + 4 + XMP.length) === XMP) return false;
    if (isFrame(marker) && !(isPlain = isPlainFrame(file, at))) return false;
  }
  return false;
}
