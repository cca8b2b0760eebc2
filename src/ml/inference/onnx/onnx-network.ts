import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../../core/failure.ts';
import { nameAdvice } from '../../../util/text.ts';
import type { ChannelStatistics } from '../../data/statistics.ts';
import type { Shape } from '../../network/network.ts';
import type { InputConfig } from '../input-config.ts';
import { channelsFirst, channelsLast } from './channels-first.ts';
import { loadRuntime, type OnnxModel, type Runtime } from './runtime.ts';

/** The files of a network from an ONNX model: the model, and what its user says of it. */
export const onnxFiles = { model: 'model.onnx', declaration: 'network.json' } as const;

/** What a user says of an ONNX model. */
export interface OnnxDeclaration {
  /** Name of the output that is the logits; the only one, or the one that is called logits, by default. */
  readonly logits?: string | undefined;
  /** Names of outputs by taps: `block3`, `pooled` … */
  readonly taps: Readonly<Record<string, string>>;
  readonly input: InputConfig;
}

/** What is shown to it. */
interface Shown {
  /** Side of its images, in pixels. */
  readonly side: number;
  readonly classes: number;
  /** What the values of images are normalised by as they come. */
  readonly statistics: ChannelStatistics;
}

/**
 * Loads ONNX Runtime.
 *
 * @returns it
 * @throws FailureError `no-onnx-runtime` where it is not here
 */
export function requireRuntime(): Runtime {
  const runtime = loadRuntime();
  if (!('unavailable' in runtime)) return runtime;
  return fail({
    code: 'no-onnx-runtime',
    message: `an ONNX model needs ONNX Runtime: ${runtime.unavailable}`,
    expected: 'the package onnxruntime-node beside the pipeline, or in the folder that KDPIPE_ONNXRUNTIME names',
    fix: 'npm install onnxruntime-node',
  });
}

/**
 * Loads ONNX Runtime and a model.
 *
 * @param file - path of the .onnx file
 * @param name - what messages call it
 * @param threads - that compute
 * @returns the model
 * @throws FailureError `no-onnx-runtime`, `unreadable-onnx`
 */
export async function openOnnx(
  file: string,
  name: string,
  threads?: number,
): Promise<OnnxModel & { readonly version: string }> {
  const runtime = requireRuntime();
  try {
    return { ...(await runtime.open(file, threads)), version: runtime.version };
  } catch (error) {
    return fail({
      code: 'unreadable-onnx',
      message: `ONNX Runtime ${runtime.version} cannot load ${name}: ${(error as Error).message}`,
      expected: 'an ONNX model in one file, of operators that this runtime has',
      fix: 'export it again with an older opset, its weights inside the file',
    });
  }
}

/**
 * Finds the outputs that are read.
 *
 * @param declaration - what the user says
 * @param outputs - names that the model has
 * @param name - what messages call the model
 * @returns names of outputs by taps, `logits` among them
 * @throws FailureError `unknown-output` for one that it does not have
 */
export function outputsOf(
  declaration: Pick<OnnxDeclaration, 'logits' | 'taps'>,
  outputs: readonly string[],
  name: string,
): ReadonlyMap<string, string> {
  const { logits, taps } = declaration;
  const [only] = outputs;
  const found = logits ?? (outputs.length === 1 ? only : outputs.find((one) => one === 'logits'));
  if (found === undefined)
    return fail({
      code: 'unknown-output',
      message: `${name} has ${outputs.length} outputs, and none is called logits`,
      expected: `logits: one of ${outputs.join(', ')}`,
      fix: 'say which output is the logits',
    });
  const all = new Map([...Object.entries(taps), ['logits', found] as const]);
  for (const [tap, output] of all) {
    if (outputs.includes(output)) continue;
    const advice = nameAdvice(output, outputs);
    fail({
      code: 'unknown-output',
      message: `${name} has no output ${output}, named for ${tap}`,
      expected: `one of ${outputs.join(', ')}`,
      ...(advice !== undefined && { fix: advice }),
    });
  }
  return all;
}

/** Scale and shift of each channel that bring values from one normalisation to another. */
function renormalisation(from: ChannelStatistics, to: ChannelStatistics): readonly (readonly [number, number])[] {
  return from.mean.map((mean, channel) => {
    const [scale, target] = [to.std[channel] ?? 1, to.mean[channel] ?? 0];
    return [(from.std[channel] ?? 1) / scale, (mean - target) / scale] as const;
  });
}

/** The shape of one image's values in an output of n of them; undefined for what is neither a map nor a row. */
function shapeOf([count, channels = 0, ...area]: readonly number[], images: number): Shape | undefined {
  if (count !== images) return undefined;
  if (area.length === 0) return { height: 1, width: 1, channels };
  const [height = 0, width = 0] = area;
  return area.length === 2 ? { height, width, channels } : undefined;
}

/** A network of an ONNX model, in evaluation, on a processor. */
export class OnnxNetwork {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly version: string;
  readonly #model: OnnxModel;
  readonly #outputs: ReadonlyMap<string, string>;
  readonly #shown: Shown;
  readonly #scales: ReturnType<typeof renormalisation>;
  /** Images that it takes at once; any number by default. */
  readonly #fixed: number | undefined;

  private constructor(
    model: OnnxModel & { readonly version: string },
    outputs: ReadonlyMap<string, string>,
    shown: Shown & { readonly scales: ReturnType<typeof renormalisation> },
    probed: { readonly shapes: Readonly<Record<string, Shape>>; readonly fixed: number | undefined },
  ) {
    this.version = model.version;
    this.shapes = probed.shapes;
    this.#model = model;
    this.#outputs = outputs;
    this.#shown = shown;
    this.#scales = shown.scales;
    this.#fixed = probed.fixed;
  }

  /**
   * Loads what a stage of kind `onnx` has kept, and tries it on a grey image.
   *
   * @param folder - of {@link onnxFiles}
   * @param shown - what it will be shown
   * @param how - who it is in messages, and threads that compute
   * @returns the network; the caller closes it
   * @throws FailureError `no-onnx-runtime`, `unreadable-onnx`, `unknown-output`; `other-input` where it takes other images;
   *   `other-output` where an output is no map or row, or the logits have another number of classes
   */
  static async open(
    folder: string,
    shown: Shown,
    how: { readonly role: string; readonly threads: number },
  ): Promise<OnnxNetwork> {
    const declaration = JSON.parse(readFileSync(join(folder, onnxFiles.declaration), 'utf8')) as OnnxDeclaration;
    const model = await openOnnx(join(folder, onnxFiles.model), how.role, how.threads);
    try {
      const outputs = outputsOf(declaration, model.outputs, how.role);
      const scales = renormalisation(shown.statistics, declaration.input.statistics ?? shown.statistics);
      return new OnnxNetwork(model, outputs, { ...shown, scales }, await probe(model, outputs, shown, how.role));
    } catch (error) {
      await model.release();
      throw error;
    }
  }

  /**
   * Runs images through it.
   *
   * @param images - [N, H, W, 3], normalised as {@link Shown} says
   * @param count - N
   * @returns values by tap, dense, channels last: `logits` [N, C], maps [N, H, W, C]
   */
  async run(images: Float32Array, count: number): Promise<Readonly<Record<string, Float32Array>>> {
    const at = this.#fixed ?? count;
    const each = images.length / count;
    const parts: Readonly<Record<string, Float32Array>>[] = [];
    for (let from = 0; from < count; from += at)
      parts.push(await this.#pass(images.subarray(from * each, (from + at) * each), Math.min(at, count - from)));
    const [first = {}] = parts;
    if (parts.length === 1) return first;
    const joined = (tap: string): Float32Array => {
      const size = first[tap]?.length ?? 0;
      const all = new Float32Array(size * parts.length);
      parts.forEach((part, place) => all.set(part[tap] ?? [], place * size));
      return all;
    };
    return Object.fromEntries(Object.keys(first).map((tap) => [tap, joined(tap)]));
  }

  async #pass(images: Float32Array, count: number): Promise<Readonly<Record<string, Float32Array>>> {
    const { side } = this.#shown;
    const values = new Float32Array(images.length);
    for (let at = 0; at < values.length; at++) {
      const [scale, shift] = this.#scales[at % 3] ?? [1, 0];
      values[at] = (images[at] ?? 0) * scale + shift;
    }
    const feeds = {
      [inputOf(this.#model)]: { shape: [count, 3, side, side], values: channelsFirst({ count, values }) },
    };
    const taps = [...this.#outputs];
    const found = await this.#model.run(
      feeds,
      taps.map(([, output]) => output),
    );
    return Object.fromEntries(
      taps.map(([tap], place) => {
        const { values: own = new Float32Array() } = found[place] ?? {};
        return [tap, channelsLast(own, count, this.shapes[tap]?.channels ?? 1)];
      }),
    );
  }

  /** Gives its memory back. */
  async close(): Promise<void> {
    await this.#model.release();
  }
}

const inputOf = ({ inputs }: OnnxModel): string => inputs[0] ?? '';

/** Tries a model on grey images: what comes out, and how many it takes at once. */
async function probe(
  model: OnnxModel,
  outputs: ReadonlyMap<string, string>,
  { side, classes }: Shown,
  role: string,
): Promise<{ readonly shapes: Readonly<Record<string, Shape>>; readonly fixed: number | undefined }> {
  const taps = [...outputs];
  const attempt = async (count: number) => {
    const values = new Float32Array(count * 3 * side * side);
    const feeds = { [inputOf(model)]: { shape: [count, 3, side, side], values } };
    return model.run(
      feeds,
      taps.map(([, output]) => output),
    );
  };
  const refuse = (error: unknown): never =>
    fail({
      code: 'other-input',
      message: `${role} does not take images [N, 3, ${side}, ${side}]: ${(error as Error).message.split('\n')[0] ?? ''}`,
      expected: `a model of one input of float32, [N, 3, ${side}, ${side}], as the dataset's images are`,
      fix: 'give the dataset the image_size that the model was exported for, or export it for this one',
    });
  let [count, fixed]: [number, number | undefined] = [2, undefined];
  let found: Awaited<ReturnType<typeof attempt>>;
  try {
    found = await attempt(count);
  } catch {
    [count, fixed] = [1, 1];
    found = await attempt(count).catch(refuse);
  }
  const shapes = taps.map(([tap, output], place) => {
    const dims = found[place]?.shape ?? [];
    const shape = shapeOf(dims, count);
    const isRight = shape && (tap !== 'logits' || (shape.channels === classes && dims.length === 2));
    if (!isRight)
      fail({
        code: 'other-output',
        message: `${role}: output ${output}, named for ${tap}, is [${dims.join(', ')}] of ${count} images`,
        expected:
          tap === 'logits' ? `[N, ${classes}], a logit for each class of the dataset` : '[N, C, H, W] or [N, C]',
        fix: 'name another output, or export the model for these classes',
      });
    return [tap, shape] as const;
  });
  return { shapes: Object.fromEntries(shapes), fixed };
}
