import { input } from '../algebra/inputs.ts';
import type { Dimensions, Node } from '../algebra/node.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { Shape } from '../network/network.ts';
import type { TapValues, Teacher } from './teacher-pass.ts';

/**
 * A teacher whose logits were kept: where training shows an image in one way alone, they are the same in every epoch and
 * batch. It has logits and nothing else.
 */
export class KeptTeacher implements Teacher {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly #logits: Float32Array;
  readonly #classes: number;

  /**
   * @param logits - of the training split, [N, C], in its order
   * @param classes - C
   */
  constructor(logits: Float32Array, classes: number) {
    this.shapes = { logits: { height: 1, width: 1, channels: classes } };
    this.#logits = logits;
    this.#classes = classes;
  }

  need(): void {
    // Everything that there is, is there.
  }

  prepare(): void {
    // Nothing is computed.
  }

  tap(name: string, shape: Dimensions, prefix: string): Node {
    return input(`${prefix}${name}`, shape);
  }

  arrays(): Readonly<Record<string, never>> {
    return {};
  }

  of({ indices }: TrainBatch): TapValues {
    const classes = this.#classes;
    const rows = new Float32Array(indices.length * classes);
    indices.forEach((index, row) => {
      rows.set(this.#logits.subarray(index * classes, (index + 1) * classes), row * classes);
    });
    return { logits: rows };
  }
}
