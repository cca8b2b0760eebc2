import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackedManifest } from '../../ml/data/packed.ts';
import { requireSameInput } from '../../ml/inference/input-config.ts';
import { onnxFiles, OnnxNetwork, type OnnxDeclaration } from '../../ml/inference/onnx/onnx-network.ts';
import { inputOf, type StageContext } from '../stage-kind.ts';

/**
 * Says whether an input is an ONNX model.
 *
 * @param context - the running stage
 * @param name - of the input
 * @returns true for what a stage of kind `onnx` has kept
 */
export const isOnnx = (context: StageContext, name: string): boolean => inputOf(context, name).output === 'network';

/**
 * Opens an input that is an ONNX model, for the images of a dataset.
 *
 * @param context - the running stage
 * @param name - of the input
 * @param manifest - the dataset
 * @returns the network; the caller closes it
 * @throws FailureError where there is no ONNX Runtime, or the model does not fit the dataset
 */
export async function openOnnxInput(
  context: StageContext,
  name: string,
  manifest: PackedManifest,
): Promise<OnnxNetwork> {
  const role = `the ONNX model of ${name}`;
  const { path } = inputOf(context, name);
  const { imageSize: side, classes, mean, std } = manifest;
  const said = JSON.parse(readFileSync(join(path, onnxFiles.declaration), 'utf8')) as OnnxDeclaration;
  requireSameInput(said.input, manifest, role);
  const shown = { side, classes: classes.length, statistics: { mean, std } };
  const network = await OnnxNetwork.open(path, shown, { role, threads: context.threads });
  appendFileSync(context.log, `${role}: ONNX Runtime ${network.version}\n`);
  return network;
}
