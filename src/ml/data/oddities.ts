import { pluralize } from '../../util/text.ts';
import { extensionsText, sortedCounts } from './pictures/unread.ts';
import type { Oddity } from './source.ts';

/** Names that are shown of many. */
const SHOWN = 3;

/** What is odd about many files: counts, and a few names. */
export interface OddityCounts {
  readonly damaged: number;
  /** The first of the damaged ones, and what was said of the very first. */
  readonly names: readonly string[];
  readonly warning: string;
  /** Files with another content than their extension says, by extension. */
  readonly misnamed: Readonly<Record<string, number>>;
  readonly deep: number;
}

/** Gathers what is odd about files that could be read all the same. */
export class Oddities {
  #counts: OddityCounts;

  /**
   * Begins, or goes on.
   *
   * @param counts - of another one
   */
  constructor(counts: OddityCounts = { damaged: 0, names: [], warning: '', misnamed: {}, deep: 0 }) {
    this.#counts = counts;
  }

  get counts(): OddityCounts {
    return this.#counts;
  }

  /**
   * Takes note of a picture.
   *
   * @param name - of the picture
   * @param oddities - what is odd about it
   */
  add(name: string, oddities: readonly Oddity[]): void {
    for (const oddity of oddities) {
      const { damaged, names, warning, misnamed, deep } = this.#counts;
      if (oddity.kind === 'damaged')
        this.#counts = {
          ...this.#counts,
          damaged: damaged + 1,
          names: damaged < SHOWN ? [...names, name] : names,
          warning: damaged === 0 ? oddity.warning : warning,
        };
      else if (oddity.kind === 'misnamed') {
        const { extension } = oddity;
        this.#counts = { ...this.#counts, misnamed: { ...misnamed, [extension]: (misnamed[extension] ?? 0) + 1 } };
      } else this.#counts = { ...this.#counts, deep: deep + 1 };
    }
  }

  /**
   * Says what was found.
   *
   * @returns sentences
   */
  texts(): readonly string[] {
    const { damaged, names, warning, misnamed, deep } = this.#counts;
    const texts: string[] = [];
    if (damaged > 0) {
      const more = damaged > SHOWN ? ' …' : '';
      const were = damaged === 1 ? 'image was' : 'images were';
      texts.push(`${damaged} damaged ${were} decoded: ${names.join(', ')}${more} (${warning})`);
    }
    const counts = sortedCounts(misnamed);
    const files = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (files > 0)
      texts.push(
        `${extensionsText(counts)} ${files === 1 ? 'holds' : 'hold'} another format than the name says: read by the content`,
      );
    if (deep > 0)
      texts.push(
        `of ${pluralize(deep, 'image')} with 16 bits a channel the upper 8 are taken (Pillow cuts grey ones off at 255)`,
      );
    return texts;
  }
}
