import { openPacked } from '../../ml/data/open.ts';
import type { OnnxNetwork } from '../../ml/inference/onnx/onnx-network.ts';
import { isOnnx, openOnnxInput } from '../inference/run-onnx.ts';
import { inputOf, type StageContext } from '../stage-kind.ts';

/** Teachers of ONNX models, by the input that each comes from. */
export type OnnxTeachers = ReadonlyMap<string, OnnxNetwork>;

async function open(context: StageContext, names: readonly string[]): Promise<OnnxTeachers> {
  const data = openPacked(inputOf(context, 'data').path, 0);
  const opened = new Map<string, OnnxNetwork>();
  try {
    for (const name of names) opened.set(name, await openOnnxInput(context, name, data.manifest));
    return opened;
  } catch (error) {
    for (const network of opened.values()) await network.close();
    throw error;
  } finally {
    data.close();
  }
}

/**
 * Opens the teachers that are ONNX models, once for all students that learn from them on the same batches.
 *
 * @param context - the running stage
 * @returns the networks; they are closed when the last of the cohort has left
 * @throws FailureError where there is no ONNX Runtime, or a model does not fit the dataset
 */
export async function openOnnxTeachers(context: StageContext): Promise<OnnxTeachers> {
  const names = context.inputs.flatMap(({ name }) =>
    /^teacher(?:\.|$)/.test(name) && isOnnx(context, name) ? [name] : [],
  );
  if (names.length === 0) return new Map();
  return context.cohort.share('onnx teachers', () => {
    const value = open(context, names);
    const close = async (): Promise<void> => {
      const opened = await value.catch(() => new Map<string, OnnxNetwork>());
      for (const network of opened.values()) await network.close();
    };
    return { value, dispose: close };
  });
}
