import { afterAll, describe, expect, it } from 'vitest';
import type { Executor } from '../../../../src/ml/engines/executor.ts';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { models, type ModelName } from '../../../../src/ml/models/registry.ts';
import { initialState } from '../../../../src/ml/network/initial.ts';
import type { Network, StateDict } from '../../../../src/ml/network/network.ts';
import { hashed, signed } from '../../../support/hashed.ts';
import { nativeExecutor, nativeKernels } from '../../../support/native.ts';

const BATCH = 3;
const natives = nativeKernels().map((kernels) => ({ kernels, executor: nativeExecutor({ threads: 4, kernels })! }));
const wasm = new WasmExecutor({ threads: 1 });
const engines = new Map<Executor, CompiledEngine>();
for (const executor of [wasm, ...natives.map((one) => one.executor)])
  engines.set(executor, new CompiledEngine(executor));

afterAll(async () => {
  await Promise.all([wasm.dispose(), ...natives.map((one) => one.executor.dispose())]);
});

/** Weights and running statistics after a few steps, and the logits of an evaluation after them. */
function trained(executor: Executor, network: Network, threads: number, steps: number): StateDict {
  const optimizer = { name: 'sgd', momentum: 0.9, nesterov: true } as const;
  const session = engines.get(executor)!.session(network, { optimizer, threads });
  session.write(initialState(network, 1));
  const step = session.trainStep({ batch: BATCH, taps: [] });
  for (let at = 0; at < steps; at++) {
    step.input.set(hashed(`pixels ${at}`, step.input.length));
    step.forward(1, at);
    step.logitsGradient.set(signed(`gradient ${at}`, step.logitsGradient.length));
    step.backward();
    step.update({ learningRate: 0.01, weightDecay: 0.01 });
  }
  const forward = session.forwardStep({ batch: BATCH, taps: [] });
  forward.input.set(hashed('pixels', forward.input.length));
  forward.run();
  const state = new Map([...session.read(), ['logits', forward.logits.slice()]]);
  session.dispose();
  return state;
}

/** Names of values that are not the same to the last bit. */
function different(one: StateDict, other: StateDict): readonly string[] {
  const bits = (values: Float32Array | undefined) => Buffer.from(values?.slice().buffer ?? new ArrayBuffer(0));
  return [...one.keys()].filter((name) => !bits(one.get(name)).equals(bits(other.get(name))));
}

/** Sides that leave borders on all tiles, and one that is a power of two; all teams of the best kernels are tried on these. */
const SIZES: Readonly<Partial<Record<ModelName, readonly number[]>>> = { resnet20: [32, 29], mobilenetv2: [64, 51] };
const teamsOf = (name: ModelName): readonly number[] => (SIZES[name] ? [1, 2, 4] : [3]);
/** Networks for small images that compute as much as those for large ones: half the usual side. */
const HEAVY: readonly ModelName[] = ['resnet50_cifar', 'resnet38x4'];
const sizeOf = (name: ModelName): number => {
  if (HEAVY.includes(name)) return 16;
  return models[name].nominal.side <= 32 ? 32 : 64;
};
const names = (Object.keys(models) as ModelName[]).sort((a, b) => Number(b in SIZES) - Number(a in SIZES));
const built = names.flatMap((name) =>
  (SIZES[name] ?? [sizeOf(name)]).map((size) => ({
    name,
    size,
    network: models[name].build({ height: size, width: size, channels: 3 }, 10),
  })),
);

/** What a network computes: its layers with the shapes that they are given, whatever they are called. */
const computed = ({ layers }: Network): readonly string[] =>
  layers.map(({ name: _, inputs, ...layer }) => JSON.stringify([layer, inputs.map((from) => layers[from]!.shape)]));

/** Without those that are only deeper than others: each of their layers is one of a network before. */
const seen = new Set<string>();
const cases = built.filter(({ network }) => {
  const layers = computed(network);
  const isNew = layers.some((layer) => !seen.has(layer));
  for (const layer of layers) seen.add(layer);
  return isNew;
});

describe.skipIf(natives.length === 0)('native kernels', () => {
  it.each(cases)('train and evaluate $name at $size² with the bits of WebAssembly, whatever the threads', (one) => {
    const { network } = one;
    const expected = trained(wasm, network, 1, 1);
    for (const [i, { kernels, executor }] of natives.entries())
      for (const threads of i === 0 ? teamsOf(one.name) : [3])
        expect(different(trained(executor, network, threads, 1), expected), `${kernels}, ${threads} threads`).toEqual(
          [],
        );
  });

  it('do so through a whole training', () => {
    const network = models.convnet16.build({ height: 28, width: 28, channels: 1 }, 10);
    const expected = trained(wasm, network, 1, 200);
    for (const { kernels, executor } of natives)
      expect(different(trained(executor, network, 2, 200), expected), kernels).toEqual([]);
  });
});
