import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/ml/engines/layout.ts';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { REFERENCE_TARGET } from '../../../src/ml/engines/reference/target.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import type { Target } from '../../../src/ml/engines/target.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';
import { models } from '../../../src/ml/models/registry.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { assortedNetwork, gatedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const BATCH = 3;

const TARGETS: Readonly<Record<string, Target>> = {
  'panels of 16, vectors of 16': { ...REFERENCE_TARGET, panel: 16, lanes: 16, imageChannels: 16, line: 32 },
  'panels of 16, images of 4 channels': { ...REFERENCE_TARGET, panel: 16, lanes: 8 },
  'panels of 4': { ...REFERENCE_TARGET, panel: 4, line: 4 },
  'kernels of 3 at most': { ...REFERENCE_TARGET, largestKernel: 3 },
  "Winograd's algorithm": { ...REFERENCE_TARGET, winograd: KERNEL_TARGET.winograd },
};

const NETWORKS: Readonly<Record<string, () => Network>> = {
  'the assorted network': assortedNetwork,
  'the gated network': gatedNetwork,
  resnet8: () => models.resnet8.build({ height: 8, width: 8, channels: 3 }, 5),
};

/** All that a network computes in two training steps and an evaluation, by name. */
function everything(target: Target, network: Network): Readonly<Record<string, unknown>> {
  const engine = new CompiledEngine(new ReferenceExecutor(target));
  const session = engine.session(network, { optimizer: ADAMW, average: true, threads: 1 });
  session.write(hashedState(network));
  const taps = Object.keys(network.taps);
  const step = session.trainStep({ batch: BATCH, taps });
  step.input.set(signed('pixels', step.input.length));
  const losses: Float32Array[] = [];
  for (const at of [0, 1]) {
    step.forward(7, at);
    losses.push(...taps.map((tap) => step.tap(tap).slice()));
    for (const tap of taps) step.tapGradient(tap).set(signed(`d${tap}`, step.tap(tap).length));
    step.backward();
    step.update({ learningRate: 0.01, weightDecay: 0.1, averageDecay: 0.9 });
  }
  const evaluation = session.forwardStep({ batch: BATCH, taps });
  evaluation.input.set(signed('pixels', step.input.length));
  evaluation.run();
  const evaluated = taps.map((tap) => evaluation.tap(tap).slice());
  const states = [session.read(), session.readAverage(), session.readGradients(), session.readOptimizer()];
  return { losses, evaluated, states };
}

describe.each(Object.keys(NETWORKS))('%s', (name) => {
  const network = NETWORKS[name]!();
  const usual = everything(REFERENCE_TARGET, network);

  it.each(Object.keys(TARGETS))('has the same values, gradients and updates with %s', (target) => {
    expect(everything(TARGETS[target]!, network)).toEqual(usual);
  });
});

describe('a target', () => {
  const network = gatedNetwork();
  const [wide, narrow] = [TARGETS['panels of 16, vectors of 16']!, TARGETS['panels of 4']!];

  it('says how parameters are padded', () => {
    const sizes = [narrow, KERNEL_TARGET, wide].map((target) => layoutOf(network, target).parameters);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(new Set(sizes).size).toBe(3);
    for (const target of [narrow, KERNEL_TARGET, wide])
      for (const { floats } of layoutOf(network, target).slots.values()) expect(floats % target.panel).toBe(0);
  });

  it('says where buffers may start', () => {
    const { offsets } = lowerTraining(network, { target: wide, batch: BATCH, taps: [] }, ADAMW);
    expect(offsets.filter((offset) => offset % wide.line !== 0)).toEqual([]);
  });

  it('says which algorithms there are', () => {
    const algorithms = (target: Target): Set<string> => {
      const { forward } = lowerInference(network, { target, batch: 1, taps: [] }).sections;
      return new Set(forward.map(({ primitive }) => primitive));
    };
    expect(algorithms(KERNEL_TARGET)).toContain('depthwise');
    expect(algorithms({ ...KERNEL_TARGET, largestKernel: 1 })).not.toContain('depthwise');
  });

  it('keeps Winograd’s algorithm from maps whose channels fill no vector', () => {
    const plain = models.convnet4.build({ height: 16, width: 16, channels: 3 }, 5);
    const transformed = (target: Target): number => {
      const { forward } = lowerInference(plain, { target, batch: 1, taps: [] }).sections;
      return forward.filter((one) => one.primitive === 'conv' && one.operands.transformed !== null).length;
    };
    expect(transformed(KERNEL_TARGET)).toBeGreaterThan(0);
    expect(transformed({ ...KERNEL_TARGET, lanes: 8 })).toBe(transformed(KERNEL_TARGET) - 1);
    expect(transformed({ ...KERNEL_TARGET, winograd: null })).toBe(0);
  });
});
