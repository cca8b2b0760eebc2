import { createHash } from 'node:crypto';

/** Checksums by algorithm, in lower case. */
export type Checksums = Readonly<Partial<Record<'md5' | 'sha256', string>>>;

/** A checksum that is not the wanted one. */
export interface Mismatch {
  readonly name: string;
  readonly got: string;
  readonly expected: string;
}

/** The checksums of bytes, which grow with them. */
export class Sums {
  readonly #hashes = { md5: createHash('md5'), sha256: createHash('sha256') };

  /**
   * Takes further bytes in.
   *
   * @param bytes - what follows
   */
  update(bytes: Uint8Array): void {
    this.#hashes.md5.update(bytes);
    this.#hashes.sha256.update(bytes);
  }

  /**
   * Compares with the checksums that are wanted.
   *
   * @param wanted - by algorithm
   * @returns the first that differs; undefined where all agree
   */
  mismatch(wanted: Checksums): Mismatch | undefined {
    for (const name of ['md5', 'sha256'] as const) {
      const expected = wanted[name];
      const got = this.#hashes[name].copy().digest('hex');
      if (expected !== undefined && got !== expected) return { name, got, expected };
    }
    return undefined;
  }
}
