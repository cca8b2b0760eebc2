import { createHash } from 'node:crypto';
import { pluralize } from '../../util/text.ts';
import type { RgbImage } from '../augment/image.ts';
import type { Split } from './packed.ts';
import { SPLITS } from './split.ts';

/** How many pictures are there more than once, pixel for pixel. */
export interface DuplicateCounts {
  /** Different pictures that are there at least twice. */
  readonly all: number;
  /** Of these, those in more than one split: what is learned is then asked in the test. */
  readonly acrossSplits: number;
  /** Of these, those that are there under more than one class. */
  readonly acrossClasses: number;
}

/** A picture that is there more than once. */
interface Repeated {
  /** A bit a split. */
  splits: number;
  readonly label: number;
  relabelled: boolean;
}

/** Bytes of a digest that are kept: of a million pictures two differ and have the same with a chance of 2⁻⁸⁹. */
const DIGEST = 16;
/** Bytes a picture: digest, class (int32), split (uint8). */
const RECORD = DIGEST + 5;

/** The splits of a set of bits, in words. */
function splitsText(splits: number): string {
  const names = SPLITS.filter((_, bit) => splits & (1 << bit));
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

function digestOf({ pixels, height }: RgbImage): Buffer {
  return createHash('sha256').update(`${height} `).update(pixels).digest().subarray(0, DIGEST);
}

/** Finds pictures that are there more than once: equal in every pixel before they are resized, whatever their files. */
export class Duplicates {
  /** Records one after the other, in more memory than they take: an object a picture would take ten times as much. */
  #records = Buffer.alloc(64 * RECORD);
  #count = 0;

  /**
   * Takes up records.
   *
   * @param records - those of another one
   * @returns what knows them
   */
  static of(records: Buffer): Duplicates {
    const duplicates = new Duplicates();
    duplicates.#reserve(records.length / RECORD);
    records.copy(duplicates.#records);
    duplicates.#count = records.length / RECORD;
    return duplicates;
  }

  #reserve(count: number): void {
    if (count * RECORD <= this.#records.length) return;
    const larger = Buffer.alloc(Math.max(count * RECORD, 2 * this.#records.length));
    this.#records.copy(larger);
    this.#records = larger;
  }

  /**
   * Takes note of a picture.
   *
   * @param image - as it was decoded
   * @param split - where it is
   * @param label - its class
   * @returns its record, for {@link Duplicates.of}
   */
  add(image: RgbImage, split: Split, label: number): Buffer {
    this.#reserve(this.#count + 1);
    const start = this.#count++ * RECORD;
    digestOf(image).copy(this.#records, start);
    this.#records.writeInt32LE(label, start + DIGEST);
    this.#records[start + DIGEST + 4] = SPLITS.indexOf(split);
    return Buffer.from(this.#records.subarray(start, start + RECORD));
  }

  #compare(a: number, b: number): number {
    const [first, second] = [a * RECORD, b * RECORD];
    return this.#records.compare(this.#records, second, second + DIGEST, first, first + DIGEST);
  }

  #repeated(): readonly Repeated[] {
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    order.sort((a, b) => this.#compare(a, b));
    const repeated: Repeated[] = [];
    let latest: Repeated | undefined;
    for (let at = 1; at < order.length; at++) {
      const [before = 0, index = 0] = [order[at - 1], order[at]];
      if (this.#compare(before, index) !== 0) {
        latest = undefined;
        continue;
      }
      if (!latest) repeated.push((latest = this.#begin(before)));
      const { label, splits } = this.#begin(index);
      latest.splits |= splits;
      latest.relabelled ||= latest.label !== label;
    }
    return repeated;
  }

  #begin(index: number): Repeated {
    const at = index * RECORD + DIGEST;
    return { splits: 1 << (this.#records[at + 4] ?? 0), label: this.#records.readInt32LE(at), relabelled: false };
  }

  /**
   * Says what was found.
   *
   * @returns counts, and a sentence where there is any
   */
  result(): { readonly counts: DuplicateCounts; readonly text: string | undefined } {
    const repeated = this.#repeated();
    const counts = {
      all: repeated.length,
      acrossSplits: repeated.filter(({ splits }) => (splits & (splits - 1)) !== 0).length,
      acrossClasses: repeated.filter(({ relabelled }) => relabelled).length,
    };
    return { counts, text: repeated.length === 0 ? undefined : textOf(repeated, counts) };
  }
}

function textOf(repeated: readonly Repeated[], { acrossClasses }: DuplicateCounts): string {
  const places = new Map<number, number>();
  for (const { splits } of repeated) places.set(splits, (places.get(splits) ?? 0) + 1);
  const parts = [...places]
    .filter(([splits]) => (splits & (splits - 1)) !== 0)
    .sort(([a], [b]) => a - b)
    .map(([splits, count]) => `${count} of them in ${splitsText(splits)}`);
  if (acrossClasses > 0) parts.push(`${acrossClasses} of them under different classes`);
  const verb = repeated.length === 1 ? 'is' : 'are';
  const all = `${pluralize(repeated.length, 'picture')} ${verb} there more than once (duplicates)`;
  return parts.length > 0 ? `${all}, ${parts.join(', ')}` : all;
}
