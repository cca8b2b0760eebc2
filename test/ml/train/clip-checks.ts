import { describe, expect, it } from 'vitest';
import type { Engine, Session } from '../../../src/ml/engines/engine.ts';
import { models, type ModelName } from '../../../src/ml/models/registry.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { gradientClip } from '../../../src/ml/train/gradient-clip.ts';
import { hashedState, signed } from '../../support/hashed.ts';

/** A network whose channels are padded in memory, and a step on it up to its gradients. */
function stepped(engine: Engine, model: ModelName, push: number): { session: Session; backward: () => void } {
  const network = models[model].build({ height: 16, width: 16, channels: 3 }, 3);
  const session = engine.session(network, { optimizer: { name: 'sgd', momentum: 0, nesterov: false }, threads: 2 });
  session.write(hashedState(network));
  const step = session.trainStep({ batch: 3, taps: [] });
  const backward = (): void => {
    step.input.set(signed('pixels', step.input.length));
    step.forward(3, 0);
    step.logitsGradient.set(signed('push', step.logitsGradient.length, push));
    step.backward();
  };
  return { session, backward };
}

const valuesOf = (gradients: readonly StateDict[]): readonly number[] =>
  gradients.flatMap((state) => [...state.values()].flatMap((values) => [...values]));

/**
 * Tests that an engine clips what two networks have for gradients together.
 *
 * @param name - of the engine
 * @param engine - to be tried
 */
export function describeClip(name: string, engine: Engine): void {
  /** Gradients of both before and after. */
  function clipped(mode: 'norm' | 'value', boundOf: (before: readonly number[]) => number) {
    const both = [stepped(engine, 'convnet4', 1), stepped(engine, 'mobile_half', 2)];
    const read = (): readonly number[] => valuesOf(both.map(({ session }) => session.readGradients()));
    for (const { backward } of both) backward();
    const before = read();
    const bound = boundOf(before);
    const [student, adapter] = both.map(({ session }) => session);
    const clip = gradientClip(student!, [adapter!.gradients], { gradClip: bound, gradClipMode: mode })!;
    for (const { backward } of both) backward();
    clip.run();
    const after = read();
    for (const { session } of both) session.dispose();
    return { before, after, bound };
  }
  const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

  const largest = (values: readonly number[]): number =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

  describe(`gradients on ${name}`, () => {
    it('are scaled to the norm that they may have, which is one of all', () => {
      const { before, after, bound } = clipped('norm', (values) => norm(values) / 3);
      expect(norm(after) / bound).toBeCloseTo(1, 5);
      expect(largest(after.map((value, at) => value - before[at]! / 3)) / largest(before)).toBeLessThan(1e-6);
    });

    it('stay as they are below it', () => {
      const { before, after } = clipped('norm', (values) => 1.01 * norm(values));
      expect(after).toEqual(before);
    });

    it('are cut one by one', () => {
      const { before, after, bound } = clipped('value', (values) => Math.fround(largest(values) / 4));
      expect(before.filter((value) => Math.abs(value) > bound).length).toBeGreaterThan(10);
      expect(after).toEqual(before.map((value) => Math.max(-bound, Math.min(bound, value))));
    });
  });
}
