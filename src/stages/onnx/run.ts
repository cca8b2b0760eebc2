import { appendFileSync, copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fail, FailureError, type Failure } from '../../core/failure.ts';
import { IMAGENET } from '../../ml/data/statistics.ts';
import type { InputConfig } from '../../ml/inference/input-config.ts';
import {
  onnxFiles,
  openOnnx,
  outputsOf,
  requireRuntime,
  type OnnxDeclaration,
} from '../../ml/inference/onnx/onnx-network.ts';
import { decodeParams, type DecodedParams } from '../../params/decode-params.ts';
import type { StageContext, StageOutcome } from '../stage-kind.ts';
import { onnxParams } from './params.ts';

const DECLARATION = { params: onnxParams, required: [] } as const;
const REGISTRIES = {} as const;

type Params = DecodedParams<typeof DECLARATION, typeof REGISTRIES>;

/**
 * Looks for ONNX Runtime.
 *
 * @returns why it is not here; null where it is
 */
export function lookForRuntime(): Failure | null {
  try {
    requireRuntime();
    return null;
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0] ?? null;
    throw error;
  }
}

/** What the model's images are like, as far as the user says it. */
function inputConfigOf({ meanStd, imageSize, interpolation, crop }: Params): InputConfig {
  const statistics = meanStd === 'imagenet' ? IMAGENET : meanStd && { mean: meanStd[0], std: meanStd[1] };
  return { statistics, imageSize, interpolation, crop };
}

/**
 * Keeps an ONNX model with what is said of it, once the runtime has loaded it and has the outputs that are named.
 *
 * @param context - the running stage
 * @returns the model's size
 * @throws FailureError `no-onnx-runtime`, `unreadable-onnx`, `unknown-output`; `other-input` where it has not one input
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  const params = decodeParams(DECLARATION, context.params, REGISTRIES);
  const path = [...context.inputs, ...context.sources].find(({ name }) => name === 'file' || name === 'from')?.path;
  if (path === undefined) throw new Error(`stage ${context.cell} has neither input nor source`);
  const name = params.from ?? basename(path);
  const taps = params.taps as OnnxDeclaration['taps'];
  const model = await openOnnx(path, name);
  try {
    const outputs = outputsOf({ logits: params.logits, taps }, model.outputs, name);
    if (model.inputs.length !== 1)
      fail({
        code: 'other-input',
        message: `${name} has ${model.inputs.length} inputs: ${model.inputs.join(', ')}`,
        expected: 'a model of one input, images of [N, 3, H, W]',
      });
    const said = [...outputs].map(([tap, output]) => `${tap}: ${output}`).join(', ');
    appendFileSync(context.log, `ONNX Runtime ${model.version}; ${said}\n`);
    const folder = join(context.out, 'network');
    mkdirSync(folder);
    copyFileSync(path, join(folder, onnxFiles.model));
    const declaration: OnnxDeclaration = { logits: outputs.get('logits'), taps, input: inputConfigOf(params) };
    writeFileSync(join(folder, onnxFiles.declaration), `${JSON.stringify(declaration)}\n`);
    return { metrics: { bytes: statSync(path).size }, environment: { onnxruntime: model.version } };
  } finally {
    await model.release();
  }
}
