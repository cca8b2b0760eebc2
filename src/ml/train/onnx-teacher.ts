import { input } from '../algebra/inputs.ts';
import type { Dimensions, Node } from '../algebra/node.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { OnnxNetwork } from '../inference/onnx/onnx-network.ts';
import type { Shape } from '../network/network.ts';
import type { TapValues, Teacher } from './teacher-pass.ts';

/** A teacher that ONNX Runtime runs: on each batch once, before the step, however many students learn of it. */
export class OnnxTeacher implements Teacher {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly #network: OnnxNetwork;
  readonly #views: number;
  #latest: { readonly batch: TrainBatch; readonly values: Promise<TapValues>; said?: TapValues } | undefined;

  /**
   * @param network - the caller closes it
   * @param views - of each image; 1 by default
   */
  constructor(network: OnnxNetwork, views = 1) {
    this.#network = network;
    this.#views = views;
    this.shapes = network.shapes;
  }

  need(): void {
    // All that was named is computed.
  }

  prepare(): void {
    // The runtime takes any number of images.
  }

  tap(name: string, shape: Dimensions, prefix: string): Node {
    return input(`${prefix}${name}`, shape);
  }

  arrays(): Readonly<Record<string, never>> {
    return {};
  }

  async ahead(batch: TrainBatch): Promise<void> {
    const { images } = batch;
    if (!(images instanceof Float32Array)) throw new Error('an ONNX teacher reads normalised images');
    const count = this.#views * batch.labels.length;
    if (this.#latest?.batch !== batch) this.#latest = { batch, values: this.#network.run(images, count) };
    const latest = this.#latest;
    latest.said = await latest.values;
  }

  of(batch: TrainBatch, view: number): TapValues {
    if (this.#latest?.batch !== batch || !this.#latest.said) throw new Error('the teacher has not seen the batch');
    const { said } = this.#latest;
    return Object.fromEntries(
      Object.entries(said).map(([tap, values]) => {
        const each = values.length / this.#views;
        return [tap, values.subarray(view * each, (view + 1) * each)];
      }),
    );
  }
}
