import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** The package, which is no dependency: it takes some 300 MB. */
const PACKAGE = 'onnxruntime-node';

/** The part of onnxruntime-node that we use. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(path: string): Promise<Session>;
  };
  readonly Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => unknown;
}

interface Session {
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
  release(): Promise<void>;
}

/** Values that go in. */
interface Feed {
  readonly shape: readonly number[];
  /** float32, row-major. */
  readonly values: Float32Array;
}

/** ONNX Runtime as it is installed. */
export interface Runtime {
  readonly version: string;
  /**
   * Runs a model once.
   *
   * @param file - path of the .onnx file
   * @param feeds - inputs by name
   * @param output - name of what is wanted
   * @returns its values
   */
  run(file: string, feeds: Readonly<Record<string, Feed>>, output: string): Promise<Float32Array>;
}

/** Where it may lie: in the folder that KDPIPE_ONNXRUNTIME names, beside the user's own project, beside kdpipe. */
function origins(): readonly string[] {
  const asked = process.env['KDPIPE_ONNXRUNTIME'];
  return [...(asked === undefined ? [] : [resolve(asked)]), process.cwd()]
    .map((folder) => join(folder, 'package.json'))
    .concat(import.meta.url);
}

function find(): ReturnType<typeof createRequire> | undefined {
  return origins()
    .map((origin) => createRequire(origin))
    .find((require) => {
      try {
        return require.resolve(PACKAGE) !== '';
      } catch {
        return false;
      }
    });
}

/**
 * Loads ONNX Runtime, if it is there.
 *
 * @returns it, or why not: a half sentence
 */
export function loadRuntime(): Runtime | { readonly unavailable: string } {
  const require = find();
  if (!require) return { unavailable: `${PACKAGE} is not installed (npm install ${PACKAGE})` };
  let runtime: OnnxRuntime;
  try {
    runtime = require(PACKAGE) as OnnxRuntime;
  } catch (error) {
    return { unavailable: `${PACKAGE} cannot be loaded: ${(error as Error).message}` };
  }
  const { version } = require(`${PACKAGE}/package.json`) as { readonly version: string };
  return { version, run: (file, feeds, output) => runOnce(runtime, file, feeds, output) };
}

async function runOnce(
  { InferenceSession, Tensor }: OnnxRuntime,
  file: string,
  feeds: Readonly<Record<string, Feed>>,
  output: string,
): Promise<Float32Array> {
  const session = await InferenceSession.create(file);
  try {
    const tensors = Object.entries(feeds).map(([name, { shape, values }]) => [
      name,
      new Tensor('float32', values, shape),
    ]);
    const results = await session.run(Object.fromEntries(tensors) as Readonly<Record<string, unknown>>);
    const found = results[output];
    if (!found) throw new Error(`${file} has no output ${output}`);
    return found.data;
  } finally {
    await session.release();
  }
}
