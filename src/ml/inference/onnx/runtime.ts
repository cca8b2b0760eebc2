import { findPackage } from '../../../util/optional-package.ts';

/** The package, which is no dependency: it takes some 300 MB. */
const PACKAGE = 'onnxruntime-node';

/** The part of onnxruntime-node that we use. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(path: string, options?: SessionOptions): Promise<Session>;
  };
  readonly Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => unknown;
}

interface SessionOptions {
  readonly intraOpNumThreads?: number;
  readonly interOpNumThreads?: number;
}

interface Result {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, unknown>>, fetches?: readonly string[]): Promise<Readonly<Record<string, Result>>>;
  release(): Promise<void>;
}

/** Values of a tensor. */
export interface Dense {
  readonly shape: readonly number[];
  /** float32, row-major. */
  readonly values: Float32Array;
}

/** A model that is loaded. */
export interface OnnxModel {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Runs it once.
   *
   * @param feeds - inputs by name
   * @param wanted - names of outputs
   * @returns their values, in that order
   * @throws Error in the runtime's words where the model does not take them, or an output is not of float32
   */
  run(feeds: Readonly<Record<string, Dense>>, wanted: readonly string[]): Promise<readonly Dense[]>;
  /** Gives its memory back. */
  release(): Promise<void>;
}

/** ONNX Runtime as it is installed. */
export interface Runtime {
  readonly version: string;
  /**
   * Loads a model, for processors.
   *
   * @param file - path of the .onnx file
   * @param threads - that compute; as many as there are cores by default
   * @throws Error in the runtime's words where it is no model that it can run
   */
  open(file: string, threads?: number): Promise<OnnxModel>;
}

/**
 * Loads ONNX Runtime, if it is there.
 *
 * @returns it, or why not: a half sentence
 */
export function loadRuntime(): Runtime | { readonly unavailable: string } {
  const require = findPackage(PACKAGE, 'KDPIPE_ONNXRUNTIME');
  if (!require) return { unavailable: `${PACKAGE} is not installed (npm install ${PACKAGE})` };
  let runtime: OnnxRuntime;
  try {
    runtime = require(PACKAGE) as OnnxRuntime;
  } catch (error) {
    return { unavailable: `${PACKAGE} cannot be loaded: ${(error as Error).message}` };
  }
  const { version } = require(`${PACKAGE}/package.json`) as { readonly version: string };
  return { version, open: (file, threads) => openModel(runtime, file, threads) };
}

async function openModel(
  { InferenceSession, Tensor }: OnnxRuntime,
  file: string,
  threads?: number,
): Promise<OnnxModel> {
  const options = threads === undefined ? {} : { intraOpNumThreads: threads, interOpNumThreads: 1 };
  const session = await InferenceSession.create(file, options);
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: async (feeds, wanted) => {
      const tensors = Object.entries(feeds).map(([name, { shape, values }]) => [
        name,
        new Tensor('float32', values, shape),
      ]);
      const results = await session.run(Object.fromEntries(tensors) as Readonly<Record<string, unknown>>, wanted);
      return wanted.map((name) => {
        const found = results[name];
        if (found?.type !== 'float32') throw new Error(`output ${name} is of ${found?.type ?? 'nothing'}, not float32`);
        return { shape: found.dims, values: found.data };
      });
    },
    release: () => session.release(),
  };
}
