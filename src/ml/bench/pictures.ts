import { decodeImage } from '../data/pictures/decode.ts';

/** A PNG of one red pixel. */
const RED = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

/**
 * Tries to decode an image, for which a library of this platform has to load.
 *
 * @returns why images cannot be decoded here: a half sentence; null where they can
 */
export async function decodingObstacle(): Promise<string | null> {
  try {
    const { pixels } = await decodeImage('a PNG of one pixel', Buffer.from(RED, 'base64'));
    return pixels.join() === '255,0,0' ? null : `a red pixel became ${pixels.join()}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
