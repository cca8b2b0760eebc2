import { afterAll, describe, expect, it } from 'vitest';
import { introduced, startProgram } from '../../../../src/ml/engines/pytorch/create.ts';
import { PyTorchExecutor, type Introduction } from '../../../../src/ml/engines/pytorch/executor.ts';
import { CompiledEngine } from '../../../../src/ml/engines/session.ts';
import { models } from '../../../../src/ml/models/registry.ts';
import { initialState } from '../../../../src/ml/network/initial.ts';
import { signed } from '../../../support/hashed.ts';
import { missing, python } from '../../../support/pytorch.ts';

const lacking = missing('torch');
const BATCH = 8;

/** The engine on a device that multiplies in bfloat16, whatever this one does by itself. */
function halfEngine(): CompiledEngine {
  const channel = startProgram(python);
  const introduction = introduced(channel, { threads: 1 }) as Introduction;
  return new CompiledEngine(new PyTorchExecutor(channel, { ...introduction, bfloat16: true }));
}

const engine = lacking === undefined ? halfEngine() : undefined;
afterAll(() => engine?.dispose());

/** Logits of a training step, and its gradients. */
function stepOf(model: 'resnet20' | 'mobilenetv2' | 'ghostnet', amp: boolean) {
  const network = models[model].build({ height: 32, width: 32, channels: 3 }, 10);
  const optimizer = { name: 'sgd', momentum: 0, nesterov: false } as const;
  const session = engine!.session(network, { optimizer, amp });
  session.write(initialState(network, 0));
  const step = session.trainStep({ batch: BATCH, taps: [] });
  step.input.set(signed('pixels', step.input.length));
  step.forward(0, 0);
  const logits = step.logits.slice();
  step.logitsGradient.set(signed('gradient', step.logitsGradient.length));
  step.backward();
  const gradients = [...session.readGradients().values()];
  session.dispose();
  return { logits, gradients };
}

const norm = (values: Float32Array): number => Math.hypot(...values);

describe.skipIf(!engine)(`PyTorch${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  it('rounds what products read to bfloat16: logits lie about as far from float32 as those of autocast', () => {
    const [float32, half] = [stepOf('resnet20', false), stepOf('resnet20', true)];
    const off = norm(half.logits.map((x, i) => x - float32.logits[i]!)) / norm(float32.logits);
    // Autocast: 7.9e-3 with 64 images.
    expect(off).toBeGreaterThan(1e-3);
    expect(off).toBeLessThan(3e-2);
  });

  it.each(['mobilenetv2', 'ghostnet'] as const)('has gradients of %s in half precision', (model) => {
    const { gradients } = stepOf(model, true);
    for (const values of gradients) expect(values.every(Number.isFinite)).toBe(true);
    expect(gradients.some((values) => values.some((x) => x !== 0))).toBe(true);
  });
});
