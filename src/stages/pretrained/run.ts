import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fail } from '../../core/failure.ts';
import { IMAGENET as IMAGENET_STATISTICS } from '../../ml/data/statistics.ts';
import { modelNamed, models, type Models } from '../../ml/models/registry.ts';
import { costOf } from '../../ml/network/cost.ts';
import type { InputConfig } from '../../ml/inference/input-config.ts';
import { adoptModel } from '../../ml/inference/adopted-model.ts';
import { encodeModel } from '../../ml/inference/trained-model.ts';
import { readCheckpoint } from '../../ml/weights/read-checkpoint.ts';
import { decodeParams, type DecodedParams } from '../../params/decode-params.ts';
import type { StageContext, StageOutcome } from '../stage-kind.ts';
import { openPlugins } from '../training/run-plugins.ts';
import { IMAGENET, pretrainedParams, pretrainedRequired } from './params.ts';
import { shardFolder } from './shard-folder.ts';

const DECLARATION = { params: pretrainedParams, required: pretrainedRequired } as const;

type Params = DecodedParams<typeof DECLARATION, { readonly models: Models }>;

/** torchvision's names of files end with the first digits of their SHA-256. */
function requirePublished(path: string, { model, from }: Params, added: Models): void {
  const address = from === IMAGENET ? (modelNamed(model, added)?.pretrained ?? '') : (from ?? '');
  const digits = /^https:\/\/download\.pytorch\.org\/.*-([0-9a-f]{8,})\.pth$/.exec(address)?.[1];
  if (digits === undefined) return;
  const found = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (found.startsWith(digits)) return;
  fail({
    code: 'wrong-checksum',
    message: `${basename(address)} has SHA-256 ${found.slice(0, digits.length)}…`,
    expected: `${digits}…, as its name says`,
    fix: 'fetch it again: kdpipe run --force fetch',
  });
}

/** What the images of the weights are like, as far as the user says it. */
function inputOf({ meanStd, imageSize, interpolation, crop }: Params): InputConfig {
  const statistics = meanStd === 'imagenet' ? IMAGENET_STATISTICS : meanStd && { mean: meanStd[0], std: meanStd[1] };
  return {
    ...(statistics && { statistics }),
    ...(imageSize !== undefined && { imageSize }),
    ...(interpolation !== undefined && { interpolation }),
    ...(crop !== undefined && { crop }),
  };
}

/** Where the file is: what was fetched, or what stands outside the store. */
function placeOf(context: StageContext, { from = '' }: Params): string {
  const input = context.inputs.find(({ name }) => name === 'file');
  const source = context.sources.find(({ name }) => name === 'from');
  const path = input?.path ?? source?.path;
  if (path === undefined) throw new Error(`stage ${context.cell} has neither input nor source`);
  return !input && shardFolder(from) !== undefined ? join(path, basename(from)) : path;
}

/**
 * Checks the weights and writes them as a training stage would.
 *
 * @param context - the running stage
 * @returns classes and parameters
 * @throws FailureError when the file is not what it should be, or of another architecture
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  const { models: added } = await openPlugins(context);
  const params = decodeParams(DECLARATION, context.params, { models: { ...models, ...added } });
  const path = placeOf(context, params);
  if (context.inputs.length > 0) requirePublished(path, params, added);
  const name = params.from ?? basename(path);
  const wanted = { model: params.model, added, state: params.state, input: inputOf(params) };
  const { model, taken, notes } = adoptModel(readCheckpoint(path, name), wanted, name);
  appendFileSync(context.log, `${taken}\n`);
  for (const message of notes) context.tell({ type: 'warning', message });
  writeFileSync(join(context.out, 'weights.safetensors'), encodeModel(model));
  const { parameters } = costOf(model.network);
  return { metrics: { classes: model.network.classes, parameters }, environment: { weights: taken } };
}
