import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compileLoss, LOSS } from '../../src/ml/engines/compile-loss.ts';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import { crossEntropy } from '../../src/ml/losses/cross-entropy.ts';
import { models } from '../../src/ml/models/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import { permutation } from '../../src/ml/random/random.ts';
import { encodeSafetensors } from '../../src/ml/weights/safetensors.ts';
import { tensorsOf } from '../../src/ml/weights/state-dict.ts';
import { python } from './python.ts';

/** Debian's package dataset-fashion-mnist puts the images here. */
const DEBIAN = '/usr/share/datasets/fashion-mnist';
const CASE = { steps: 200, batch: 64, side: 28, classes: 10, learningRate: 1e-3, weightDecay: 5e-4, smoothing: 0.1 };
const SHOWN = [1, 2, 5, 10, 20, 50, 100, 150, 200];
const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

/** Bytes of an IDX file behind its header of one word and one word a dimension. */
const idx = (folder: string, name: string, dimensions: number): Uint8Array =>
  gunzipSync(readFileSync(join(folder, `${name}.gz`))).subarray(4 + 4 * dimensions);

/** Shuffled training images, [steps · batch, side²], and their labels. */
function batches(folder: string): { readonly images: Uint8Array; readonly labels: Uint8Array } {
  const { steps, batch, side } = CASE;
  const all = { images: idx(folder, 'train-images-idx3-ubyte', 3), labels: idx(folder, 'train-labels-idx1-ubyte', 1) };
  const chosen = permutation(all.labels.length, 0, 'shuffle', 0).subarray(0, steps * batch);
  const images = new Uint8Array(chosen.length * side ** 2);
  chosen.forEach((from, to) =>
    images.set(all.images.subarray(from * side ** 2, (from + 1) * side ** 2), to * side ** 2),
  );
  return { images, labels: Uint8Array.from(chosen, (from) => all.labels[from] ?? 0) };
}

async function ourCurve({ images, labels }: ReturnType<typeof batches>, weightsFile: string): Promise<number[]> {
  const { steps, batch, side, classes, learningRate, weightDecay, smoothing } = CASE;
  const network = models.resnet20.build({ height: side, width: side, channels: 3 }, classes);
  const state = initialState(network, 0);
  writeFileSync(weightsFile, encodeSafetensors({ tensors: tensorsOf(network.parameters, state, 0), metadata: {} }));
  const engine = await createEngine('wasm', { threads: 2 });
  const session = engine.session(network, { optimizer: ADAMW, threads: 2 });
  session.write(state);
  const step = session.trainStep({ batch, taps: [] });
  const loss = compileLoss(session, step, (logits, of) =>
    crossEntropy(logits, of, { labelSmoothing: smoothing, classWeights: null }),
  );
  const losses = Array.from({ length: steps }, (_, at) => {
    const from = at * batch * side ** 2;
    for (let i = 0; i < batch * side ** 2; i++)
      step.input.fill(((images[from + i] ?? 0) / 255 - 0.5) / 0.5, 3 * i, 3 * i + 3);
    step.forward(0, at);
    loss.input(LOSS.labels).set(labels.subarray(at * batch, (at + 1) * batch));
    loss.run();
    step.backward();
    step.update({ learningRate, weightDecay });
    return loss.result(LOSS.loss)[0] ?? NaN;
  });
  session.dispose();
  await engine.dispose();
  return losses;
}

/**
 * Loss of the first 200 steps of resnet20 on Fashion-MNIST beside PyTorch's, from the same weights and batches.
 *
 * @param args - the folder of the four IDX files, unless they are where Debian puts them
 * @returns a Markdown section
 */
export async function curve(args: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-curve-'));
  const data = batches(args[0] ?? DEBIAN);
  const ours = await ourCurve(data, join(folder, 'weights.safetensors'));
  writeFileSync(join(folder, 'case.json'), JSON.stringify(CASE));
  writeFileSync(join(folder, 'images.bin'), data.images);
  writeFileSync(join(folder, 'labels.bin'), data.labels);
  const ended = spawnSync(python(), ['test/bench/curve/torch_curve.py', folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (ended.status !== 0) throw new Error(ended.stderr);
  rmSync(folder, { recursive: true });
  const { float32, float64 } = JSON.parse(ended.stdout) as Record<'float32' | 'float64', number[]>;
  const line = (step: number): string => {
    const [a = NaN, b = NaN, c = NaN] = [ours, float32, float64].map((losses) => losses[step - 1]);
    return `| ${[step, a.toFixed(4), b.toFixed(4), c.toFixed(4), (a - c).toExponential(1), (b - c).toExponential(1)].join(' | ')} |`;
  };
  const largest = (losses: readonly number[]): string =>
    Math.max(...losses.map((loss, at) => Math.abs(loss - (float64[at] ?? NaN)))).toExponential(1);
  return [
    '## Loss beside PyTorch',
    '',
    `resnet20 on Fashion-MNIST (28², batch ${CASE.batch}, AdamW, label smoothing), ${CASE.steps} steps from the same weights and batches.`,
    `Largest distance from PyTorch in float64 over all steps: ours ${largest(ours)}, PyTorch in float32 ${largest(float32)}.`,
    '',
    '| step | ours (float32) | PyTorch float32 | PyTorch float64 | ours − float64 | float32 − float64 |',
    '| ---: | ---: | ---: | ---: | ---: | ---: |',
    ...SHOWN.map(line),
  ].join('\n');
}
