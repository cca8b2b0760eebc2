import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../../core/failure.ts';
import { sizeOf } from './graph.ts';
import { savedModel, TAG, type NodeDef } from './proto.ts';

/** What the native module of tfjs-node has that we use. Tensors and models are numbers. */
export interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
  /** The tensor shares the array's memory. `type`: 3 is int32. */
  createTensor(shape: readonly number[], type: number, values: ArrayBufferView): number;
  deleteTensor(tensor: number): void;
  tensorDataSync(tensor: number): Float32Array;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(model: number): void;
  /** Names are separated by commas: `node:output`. */
  runSavedModel(
    model: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): readonly { readonly id: number }[];
}

const INT32 = 3;

/**
 * Loads the native module.
 *
 * @param module - absolute path of `tfjs_binding.node`
 * @returns what it has
 * @throws Error where it cannot be loaded, with the system's words
 */
export function loadBinding(module: string): Binding {
  // Read when the library is loaded: 2 leaves errors alone.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // Not the whole GPU at once.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  return createRequire(import.meta.url)(module) as Binding;
}

/** Bits of 32 for a placeholder of type int32: floats would go to the device and back before they are used. */
export interface Feed {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bits: Int32Array;
}

/**
 * The bits of floats.
 *
 * @param floats - stay where they are
 * @returns the same memory
 */
export const bitsOf = ({ buffer, byteOffset, length }: Float32Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length);

const portOf = (name: string): string => (name.includes(':') ? name : `${name}:0`);

/** Asks TensorFlow for something, and says it in our words where it refuses. */
function asked<Result>(ask: () => Result): Result {
  try {
    return ask();
  } catch (error) {
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    if (!/OOM|out of memory|failed to allocate/i.test(message))
      throw new Error(`the tensorflow engine: ${message}`, { cause: error });
    return fail({
      code: 'does-not-fit',
      message: `the device of the tensorflow engine has no memory left: ${message}`,
      fix: 'take a smaller batch_size, image_size or model',
    });
  }
}

/** A graph that TensorFlow has loaded, with variables of its own. */
export class Model {
  readonly #binding: Binding;
  readonly #id: number;

  /**
   * @param binding - the native module
   * @param nodes - the graph
   * @throws Error with TensorFlow's words
   */
  constructor(binding: Binding, nodes: readonly NodeDef[]) {
    this.#binding = binding;
    const folder = mkdtempSync(join(tmpdir(), 'kdpipe-tensorflow-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), savedModel(nodes));
      this.#id = asked(() => binding.loadSavedModel(folder, TAG));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /**
   * Runs whatever has to run before nodes have their values.
   *
   * @param feeds - of placeholders
   * @param wanted - names of tensors of type float, one at least
   * @returns the values of each, in their own memory
   * @throws FailureError `does-not-fit` where memory is short; Error with TensorFlow's words
   */
  run(feeds: readonly Feed[], wanted: readonly string[]): readonly Float32Array[] {
    for (const { name, shape, bits } of feeds)
      // TensorFlow does not look.
      if (bits.length !== sizeOf(shape)) throw new Error(`${bits.length} values for ${name}, [${shape.join()}]`);
    const tensors = feeds.map(({ shape, bits }) => this.#binding.createTensor(shape, INT32, bits));
    try {
      const names = feeds.map(({ name }) => portOf(name)).join();
      const outputs = wanted.map(portOf).join();
      const results = asked(() => this.#binding.runSavedModel(this.#id, tensors, names, outputs));
      return results.map(({ id }) => {
        try {
          return this.#binding.tensorDataSync(id);
        } finally {
          this.#binding.deleteTensor(id);
        }
      });
    } finally {
      for (const tensor of tensors) this.#binding.deleteTensor(tensor);
    }
  }

  dispose(): void {
    this.#binding.deleteSavedModel(this.#id);
  }
}
