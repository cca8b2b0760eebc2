import { pluralize } from '../../util/text.ts';
import { countEach, extensionsText } from './pictures/unread.ts';
import type { Oddity } from './source.ts';

/** Names that are shown of many. */
const SHOWN = 3;

/** Gathers what is odd about files that could be read all the same. */
export class Oddities {
  readonly #damaged: { readonly name: string; readonly warning: string }[] = [];
  readonly #misnamed: string[] = [];
  #deep = 0;

  /**
   * Takes note of a picture.
   *
   * @param name - of the picture
   * @param oddities - what is odd about it
   */
  add(name: string, oddities: readonly Oddity[]): void {
    for (const oddity of oddities) {
      if (oddity.kind === 'damaged') this.#damaged.push({ name, warning: oddity.warning });
      else if (oddity.kind === 'misnamed') this.#misnamed.push(oddity.extension);
      else this.#deep++;
    }
  }

  /** Images that were decoded although the decoder warned. */
  get damaged(): number {
    return this.#damaged.length;
  }

  /**
   * Says what was found.
   *
   * @returns sentences
   */
  texts(): readonly string[] {
    const texts: string[] = [];
    const [first] = this.#damaged;
    if (first) {
      const names = this.#damaged.slice(0, SHOWN).map(({ name }) => name);
      const more = this.#damaged.length > SHOWN ? ' …' : '';
      const were = this.#damaged.length === 1 ? 'image was' : 'images were';
      texts.push(`${this.#damaged.length} damaged ${were} decoded: ${names.join(', ')}${more} (${first.warning})`);
    }
    if (this.#misnamed.length > 0) {
      const files = extensionsText(countEach(this.#misnamed));
      texts.push(
        `${files} ${this.#misnamed.length === 1 ? 'holds' : 'hold'} another format than the name says: read by the content`,
      );
    }
    if (this.#deep > 0)
      texts.push(
        `of ${pluralize(this.#deep, 'image')} with 16 bits a channel the upper 8 are taken (Pillow cuts grey ones off at 255)`,
      );
    return texts;
  }
}
