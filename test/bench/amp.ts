import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileLoss, LOSS } from '../../src/ml/engines/compile-loss.ts';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../src/ml/engines/engine.ts';
import { crossEntropy } from '../../src/ml/losses/cross-entropy.ts';
import { models } from '../../src/ml/models/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import type { Network, StateDict } from '../../src/ml/network/network.ts';
import { encodeSafetensors } from '../../src/ml/weights/safetensors.ts';
import { tensorsOf } from '../../src/ml/weights/state-dict.ts';
import { signed } from '../support/hashed.ts';
import { python } from './python.ts';
import { median } from './train/median.ts';

const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;
const CASES = [
  { model: 'resnet20', size: 32, batch: 64, classes: 10 },
  { model: 'mobilenetv2', size: 224, batch: 16, classes: 200 },
  { model: 'resnet50', size: 224, batch: 8, classes: 200 },
] as const;
type Case = (typeof CASES)[number];

/** How far a step in half precision lies from the same in float32: ‖half − float32‖ ÷ ‖float32‖. */
interface Distances {
  readonly logits: number;
  readonly gradients: Readonly<Record<string, number>>;
  /** All gradients as one vector. */
  readonly all: number;
}

/** ‖a − b‖² and ‖b‖². */
function squares(a: Float32Array, b: Float32Array): readonly [number, number] {
  const sum = (of: (x: number, i: number) => number): number => b.reduce((all, x, i) => all + of(x, i) ** 2, 0);
  return [sum((x, i) => (a[i] ?? NaN) - x), sum((x) => x)];
}
const ratio = (all: readonly (readonly [number, number])[]): number =>
  Math.sqrt(all.reduce((sum, [a]) => sum + a, 0) / all.reduce((sum, [, b]) => sum + b, 0));

function stepOf(engine: Engine, network: Network, { batch, classes }: Case, amp: boolean) {
  const session = engine.session(network, { optimizer: SGD, amp });
  session.write(initialState(network, 0));
  const step = session.trainStep({ batch, taps: [] });
  const loss = compileLoss(session, step, (logits, of) =>
    crossEntropy(logits, of, { labelSmoothing: 0.1, classWeights: null }),
  );
  step.input.set(signed('pixels', step.input.length));
  step.forward(0, 0);
  const logits = step.logits.slice();
  loss.input(LOSS.labels).forEach((_, i, labels) => (labels[i] = i % classes));
  loss.run();
  step.backward();
  const gradients: StateDict = session.readGradients();
  session.dispose();
  return { logits, gradients };
}

function ourDistances(engine: Engine, network: Network, wanted: Case): Distances {
  const [float32, half] = [false, true].map((amp) => stepOf(engine, network, wanted, amp));
  if (!float32 || !half) throw new Error('there are two steps');
  const each = [...float32.gradients].map(
    ([name, values]) => [name, squares(half.gradients.get(name) ?? new Float32Array(), values)] as const,
  );
  return {
    logits: ratio([squares(half.logits, float32.logits)]),
    gradients: Object.fromEntries(each.map(([name, of]) => [name, ratio([of])])),
    all: ratio(each.map(([, of]) => of)),
  };
}

function torchDistances(network: Network, wanted: Case): Distances {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-amp-'));
  const tensors = tensorsOf(network.parameters, initialState(network, 0), 0);
  writeFileSync(join(folder, 'weights.safetensors'), encodeSafetensors({ tensors, metadata: {} }));
  writeFileSync(join(folder, 'case.json'), JSON.stringify(wanted));
  writeFileSync(join(folder, 'pixels.bin'), signed('pixels', wanted.batch * wanted.size ** 2 * 3));
  const ended = spawnSync(python(), ['test/bench/amp/torch_amp.py', folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  rmSync(folder, { recursive: true });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return JSON.parse(ended.stdout) as Distances;
}

/**
 * Distances of half precision from float32, ours and those of PyTorch's autocast, of a step from the same weights and images.
 *
 * @param args - words of models; all by default
 * @returns a Markdown section
 */
export async function amp(args: readonly string[]): Promise<string> {
  const engine = await createEngine('auto', { threads: 2 });
  if (!engine.halfPrecision)
    throw new Error(`SKIPPED: the ${engine.name} engine has no half precision on this processor`);
  const lines = CASES.filter(({ model }) => args.length === 0 || args.includes(model)).map((wanted) => {
    const { model, size, batch, classes } = wanted;
    const network = models[model].build({ height: size, width: size, channels: 3 }, classes);
    const [ours, theirs] = [ourDistances(engine, network, wanted), torchDistances(network, wanted)];
    const pair = (of: (distances: Distances) => number): string =>
      [ours, theirs].map((distances) => of(distances).toExponential(1)).join(' / ');
    const weights = ({ gradients }: Distances): readonly number[] =>
      Object.entries(gradients).flatMap(([name, value]) => (name.endsWith('weight') ? [value] : []));
    const cells = [
      ...[pair(({ logits }) => logits), pair(({ all }) => all)],
      ...[pair((one) => median(weights(one))), pair((one) => Math.max(...weights(one)))],
    ];
    return `| ${model} ${size}² b${batch} | ${cells.join(' | ')} |`;
  });
  await engine.dispose();
  return [
    '## Half precision beside PyTorch',
    '',
    'A training step in half precision (`amp`) against the same step in float32, from the same weights and images:',
    '‖half − float32‖ ÷ ‖float32‖, ours / that of `torch.autocast` in bfloat16.',
    '',
    '| step | logits | all gradients | median weight gradient | largest |',
    '| :-- | --: | --: | --: | --: |',
    ...lines,
  ].join('\n');
}
