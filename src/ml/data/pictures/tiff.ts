/** Numbers of tags, and what they say, as in TIFF 6.0. */
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const JPEG = [6, 7];
const YCBCR = 6;

/** Bytes of an entry of a directory. */
const ENTRY = 12;

/** Short values of tags in the first directory, which describes the first picture. */
function tagsOf(file: Buffer): ReadonlyMap<number, number> {
  const isLittle = file.toString('latin1', 0, 2) === 'II';
  const short = (at: number) => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const directory = isLittle ? file.readUInt32LE(4) : file.readUInt32BE(4);
  const tags = new Map<number, number>();
  for (let entry = 0; entry < short(directory); entry++) {
    const at = directory + 2 + entry * ENTRY;
    tags.set(short(at), short(at + 8));
  }
  return tags;
}

/**
 * Tells whether a TIFF file stores luminance and chrominance without JPEG: libvips takes them for red, green and blue,
 * without a word.
 *
 * @param file - its bytes; a decoder has read it, so its first directory is whole
 * @returns true where libvips would give wrong colours
 */
export function storesBareYcbcr(file: Buffer): boolean {
  const tags = tagsOf(file);
  return tags.get(PHOTOMETRIC) === YCBCR && !JPEG.includes(tags.get(COMPRESSION) ?? 1);
}
