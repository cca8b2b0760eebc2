import { hash } from 'node:crypto';
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

/** Where a picture was seen. */
interface Seen {
  count: number;
  readonly label: number;
  relabelled: boolean;
  /** A bit a split. */
  splits: number;
}

const bitOf = (split: Split): number => 1 << SPLITS.indexOf(split);

/** The splits of a set of bits, in words. */
function splitsText(splits: number): string {
  const names = SPLITS.filter((split) => splits & bitOf(split));
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

/** Finds pictures that are there more than once: equal in every pixel before they are resized, whatever their files. */
export class Duplicates {
  readonly #seen = new Map<string, Seen>();

  /**
   * Takes note of a picture.
   *
   * @param image - as it was decoded
   * @param split - where it is
   * @param label - its class
   */
  add(image: RgbImage, split: Split, label: number): void {
    const key = `${image.height} ${hash('sha256', image.pixels, 'base64')}`;
    const seen = this.#seen.get(key);
    if (!seen) {
      this.#seen.set(key, { count: 1, label, relabelled: false, splits: bitOf(split) });
      return;
    }
    seen.count++;
    seen.splits |= bitOf(split);
    seen.relabelled ||= seen.label !== label;
  }

  #repeated(): Seen[] {
    return [...this.#seen.values()].filter(({ count }) => count > 1);
  }

  counts(): DuplicateCounts {
    const repeated = this.#repeated();
    return {
      all: repeated.length,
      acrossSplits: repeated.filter(({ splits }) => (splits & (splits - 1)) !== 0).length,
      acrossClasses: repeated.filter(({ relabelled }) => relabelled).length,
    };
  }

  /**
   * Says what was found.
   *
   * @returns a sentence; undefined where every picture is there once
   */
  text(): string | undefined {
    const repeated = this.#repeated();
    if (repeated.length === 0) return undefined;
    const places = new Map<number, number>();
    for (const { splits } of repeated) places.set(splits, (places.get(splits) ?? 0) + 1);
    const parts = [...places]
      .filter(([splits]) => (splits & (splits - 1)) !== 0)
      .sort(([a], [b]) => a - b)
      .map(([splits, count]) => `${count} of them in ${splitsText(splits)}`);
    const { acrossClasses } = this.counts();
    if (acrossClasses > 0) parts.push(`${acrossClasses} of them under different classes`);
    const verb = repeated.length === 1 ? 'is' : 'are';
    const all = `${pluralize(repeated.length, 'picture')} ${verb} there more than once (duplicates)`;
    return parts.length > 0 ? `${all}, ${parts.join(', ')}` : all;
  }
}
