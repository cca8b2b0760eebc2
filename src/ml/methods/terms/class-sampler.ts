import { intAt } from '../../../util/at.ts';

const below = (uniform: () => number, count: number): number => Math.floor(uniform() * count);

/** Draws images of the training split by their class. */
export class ClassSampler {
  readonly #labels: Int32Array;
  /** Places of all images, by class. */
  readonly #sorted: Uint32Array;
  /** Where each class begins among them; at the end, their number. */
  readonly #starts: Uint32Array;
  /** 0 … n − 1, in order between two draws. */
  readonly #scratch: Uint32Array;

  /** @param labels - of the training split, by place */
  constructor(labels: Int32Array) {
    const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0);
    this.#labels = labels;
    this.#starts = new Uint32Array(classes + 1);
    for (const label of labels) this.#starts[label + 1] = intAt(this.#starts, label + 1) + 1;
    for (let c = 0; c < classes; c++) this.#starts[c + 1] = intAt(this.#starts, c + 1) + intAt(this.#starts, c);
    const free = this.#starts.slice();
    this.#sorted = new Uint32Array(labels.length);
    labels.forEach((label, place) => {
      const at = intAt(free, label);
      this.#sorted[at] = place;
      free[label] = at + 1;
    });
    this.#scratch = Uint32Array.from(labels, (_, place) => place);
  }

  /** The most negatives that every image has: n less the images of the largest class. */
  get most(): number {
    const counts = Array.from(this.#starts.subarray(1), (end, c) => end - intAt(this.#starts, c));
    return this.#labels.length - Math.max(0, ...counts);
  }

  #classOf(place: number): readonly [number, number] {
    const label = intAt(this.#labels, place);
    return [intAt(this.#starts, label), intAt(this.#starts, label + 1)];
  }

  /**
   * Draws an image of the same class, perhaps the image itself.
   *
   * @param place - of the image
   * @param uniform - source of randomness
   * @returns its place
   */
  positive(place: number, uniform: () => number): number {
    const [start, end] = this.#classOf(place);
    return intAt(this.#sorted, start + below(uniform, end - start));
  }

  /**
   * Draws images of other classes, none twice.
   *
   * @param place - of the image
   * @param into - takes their places; no longer than `most`
   * @param uniform - source of randomness
   */
  negatives(place: number, into: Float32Array, uniform: () => number): void {
    const [start, end] = this.#classOf(place);
    const others = this.#labels.length - (end - start);
    const order = this.#scratch;
    const picks = new Uint32Array(into.length);
    // The beginning of a Fisher–Yates shuffle, undone afterwards: a draw depends on nothing before it.
    for (let k = 0; k < into.length; k++) {
      const pick = k + below(uniform, others - k);
      const other = intAt(order, pick);
      order[pick] = intAt(order, k);
      order[k] = other;
      picks[k] = pick;
      into[k] = intAt(this.#sorted, other < start ? other : other + end - start);
    }
    for (let k = 0; k < picks.length; k++) {
      order[k] = k;
      order[intAt(picks, k)] = intAt(picks, k);
    }
  }
}
