import { describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import type { Session } from '../../../src/ml/engines/engine.ts';
import { recordBytes } from '../../../src/ml/engines/kernel-constants.ts';
import { layoutOf } from '../../../src/ml/engines/layout.ts';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import { bytes } from '../../../src/ml/engines/program.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { models } from '../../../src/ml/models/registry.ts';
import type { Network, StateDict } from '../../../src/ml/network/network.ts';
import { gatedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
const GIBIBYTE = 2 ** 30;
const image = { height: 224, width: 224, channels: 3 };

const NETWORKS: { name: string; network: Network; taps: readonly string[] }[] = [
  { name: 'the gated network', network: gatedNetwork(), taps: ['joined'] },
  { name: 'resnet8', network: models.resnet8.build({ height: 9, width: 8, channels: 3 }, 3), taps: ['block2'] },
  {
    name: 'mobilenetv2',
    network: models.mobilenetv2.build({ height: 32, width: 40, channels: 3 }, 5),
    taps: ['block3'],
  },
  { name: 'ghostnet', network: models.ghostnet.build({ height: 32, width: 32, channels: 3 }, 5), taps: ['block2'] },
];

/** Bytes between which a training step has to compute again. */
function bounds(network: Network, batch: number, taps: readonly string[] = []): { least: number; most: number } {
  const options = { target: KERNEL_TARGET, batch, taps };
  const size = (recompute: boolean): number =>
    bytes(lowerTraining(network, options, ADAMW, { recompute }), KERNEL_TARGET);
  return { least: size(true), most: size(false) };
}

/** Operations of a training step. */
function operations(network: Network, taps: readonly string[], recompute: boolean): number {
  const { sections } = lowerTraining(network, { target: KERNEL_TARGET, batch: 4, taps }, ADAMW, { recompute });
  return Object.values(sections).flat().length;
}

/** What a session and its executor take beside a step. */
function around(network: Network): number {
  const { parameters, statistics } = layoutOf(network, KERNEL_TARGET);
  return 4 * (4 * parameters + statistics);
}

const pages = (size: number): number => Math.ceil(size / 65536) * 65536;

/** An executor with room for a session and a step of some size. */
function executorFor(network: Network, step: number): WasmExecutor {
  const probe = new WasmExecutor({ threads: 1, memory: 2 ** 28 });
  const spare = 2 ** 28 - probe.capacity();
  return new WasmExecutor({ threads: 1, memory: pages(spare + around(network) + step + 4096) });
}

function gradients(session: Session, taps: readonly string[]): StateDict {
  const step = session.trainStep({ batch: 4, taps });
  step.input.set(signed('pixels', step.input.length, 2));
  step.forward(1, 2);
  step.logitsGradient.set(signed('dlogits', step.logitsGradient.length));
  for (const tap of taps) step.tapGradient(tap).set(signed(tap, step.tapGradient(tap).length));
  step.backward();
  return session.readGradients();
}

function failureOf(action: () => unknown): Failure | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
  return undefined;
}

describe('computing again what is cheap', () => {
  it.each(NETWORKS)('changes no bit of a gradient of $name, and takes less memory', ({ network, taps }) => {
    const { least, most } = bounds(network, 4, taps);
    expect(least).toBeLessThan(most);
    const results = [2 ** 28, least].map((room) => {
      const executor = room === least ? executorFor(network, least) : new WasmExecutor({ threads: 1, memory: room });
      const session = new CompiledEngine(executor).session(network, { optimizer: ADAMW, threads: 1 });
      session.write(hashedState(network));
      const before = executor.used();
      const result = gradients(session, taps);
      // The step's buffers, the records of its operations, and what memory of whole pages has to spare.
      const records = recordBytes(4) * operations(network, taps, room === least);
      expect(executor.used() - before).toBeLessThan((room === least ? least : most) + records + pages(1));
      session.dispose();
      return result;
    });
    // Byte by byte: vitest's comparison of millions of numbers takes longer than computing them.
    const [first, second] = results.map((gradient) => [...gradient]);
    expect(second!.map(([name]) => name)).toEqual(first!.map(([name]) => name));
    const differing = first!.filter(
      ([, values], i) => !Buffer.from(values.buffer).equals(Buffer.from(second![i]![1].buffer)),
    );
    expect(differing.map(([name]) => name)).toEqual([]);
  });

  it('is not done where there is room: then a step takes no more operations', () => {
    const operations = (recompute: boolean): string[] =>
      lowerTraining(models.resnet8.build(image, 10), { target: KERNEL_TARGET, batch: 1, taps: [] }, ADAMW, {
        recompute,
      }).sections.backward.map(({ primitive }) => primitive);
    expect(operations(false)).not.toContain('batch-norm-output');
    expect(operations(true).filter((primitive) => primitive === 'batch-norm-output')).toHaveLength(9);
  });
});

describe('a step at 224×224 and batch 64', () => {
  it.each(['mobilenetv2', 'resnet50', 'ghostnet', 'efficientnet_v2_s'] as const)('of %s fits in 4 GiB', (name) => {
    const network = models[name].build(image, 200);
    expect(bounds(network, 64).least + around(network)).toBeLessThan(4 * GIBIBYTE - 2 ** 28);
    expect(bytes(lowerInference(network, { target: KERNEL_TARGET, batch: 64, taps: [] }), KERNEL_TARGET)).toBeLessThan(
      GIBIBYTE / 2,
    );
  });

  it('of mobilenetv2 fits without computing anything again', () => {
    expect(bounds(models.mobilenetv2.build(image, 200), 64).most).toBeLessThan(3.5 * GIBIBYTE);
  });
});

describe('a step that does not fit', () => {
  it('names the largest batch that does, all that can be computed again left out', () => {
    const network = models.mobilenetv2.build({ height: 64, width: 64, channels: 3 }, 10);
    const executor = executorFor(network, bounds(network, 9).least);
    const session = new CompiledEngine(executor).session(network, { optimizer: ADAMW, threads: 1 });
    const failure = failureOf(() => session.trainStep({ batch: 64, taps: [] }));
    expect(failure).toMatchObject({ code: 'does-not-fit', fix: 'batch_size: 9' });
    expect(failure?.message).toMatch(/^a training step of mobilenetv2 with batch 64 needs \d+ MiB$/);
    expect(failureOf(() => session.trainStep({ batch: 10, taps: [] }))?.code).toBe('does-not-fit');
    expect(session.trainStep({ batch: 9, taps: [] }).batch).toBe(9);
  });
});
