import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { readBy, unitsOf } from '../../../src/ml/engines/lower/units.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { networks } from './random-network.ts';

const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;
const BATCH = 4;
const wasm = await createEngine('wasm', { threads: 2, memory: 2 ** 26 });
const reference = await createEngine('reference', { threads: 1 });

afterAll(() => wasm.dispose());

/** What a network computes in evaluation, tap by tap. */
function evaluate(engine: Engine, network: Network): Map<string, Float32Array> {
  const session = engine.session(network, { optimizer: null, threads: 2 });
  session.write(hashedState(network));
  const taps = Object.keys(network.taps);
  const step = session.forwardStep({ batch: BATCH, taps });
  step.input.set(signed('pixels', step.input.length));
  step.run();
  const values = new Map(taps.map((name) => [name, step.tap(name).slice()]));
  session.dispose();
  return values;
}

/** Largest difference between two engines' values of one name, relative to the largest value if that is above 1. */
function difference(got: ReadonlyMap<string, Float32Array>, expected: ReadonlyMap<string, Float32Array>): number {
  const worst = [...expected].map(([name, values]) => {
    const peak = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    return values.reduce((most, value, i) => Math.max(most, Math.abs(value - got.get(name)![i]!) / peak), 0);
  });
  return Math.max(...worst);
}

describe('units of any network', () => {
  const cases = networks.chain((network) =>
    fc.record({
      network: fc.constant(network),
      wanted: fc
        .uniqueArray(fc.nat(network.layers.length - 1), { maxLength: 4 })
        .map((layers) => new Set([...layers, network.layers.length - 1])),
    }),
  );

  it('run in order: each reads what the image or an earlier unit gives', () => {
    fc.assert(
      fc.property(cases, ({ network, wanted }) => {
        const given = new Set([0]);
        for (const unit of unitsOf(network, wanted)) {
          expect(readBy(unit).filter((layer) => !given.has(layer))).toEqual([]);
          given.add(unit.output);
        }
      }),
    );
  });

  it('give out every layer that is wanted', () => {
    fc.assert(
      fc.property(cases, ({ network, wanted }) => {
        const outputs = new Set([0, ...unitsOf(network, wanted).map((unit) => unit.output)]);
        expect([...wanted].filter((layer) => !outputs.has(layer))).toEqual([]);
      }),
    );
  });

  it('leave out no layer but sums and activations that a unit before has taken in', () => {
    fc.assert(
      fc.property(cases, ({ network, wanted }) => {
        const units = unitsOf(network, wanted);
        const taken = units.reduce((count, unit) => {
          const sum = unit.kind === 'norm' && unit.residual !== null ? 1 : 0;
          return count + sum + ((unit.kind === 'norm' || unit.kind === 'add') && unit.activation ? 1 : 0);
        }, 0);
        expect(units.length + taken).toBe(network.layers.length - 1);
        const outputs = new Set(units.map((unit) => unit.output));
        const kinds = network.layers.flatMap((layer, index) => (outputs.has(index) ? [] : [layer.kind]));
        // A unit's output is its last layer, so what it does not give out are the norms and sums before it.
        expect(kinds.filter((kind) => !['input', 'batch-norm', 'add'].includes(kind))).toEqual([]);
      }),
    );
  });
});

describe('any network', () => {
  it('evaluates alike in both engines, tap by tap', () => {
    fc.assert(
      fc.property(networks, (network) => {
        expect(difference(evaluate(wasm, network), evaluate(reference, network))).toBeLessThan(1e-3);
      }),
      { seed: 71, numRuns: 60 },
    );
  });

  it('evaluates to the same logits whatever taps are asked for beside them', () => {
    fc.assert(
      fc.property(networks, (network) => {
        const alone = evaluate(reference, { ...network, taps: { logits: network.layers.length - 1 } });
        expect(difference(alone, new Map([['logits', evaluate(reference, network).get('logits')!]]))).toBeLessThan(
          1e-6,
        );
      }),
      { seed: 72, numRuns: 40 },
    );
  });

  it('has gradients that do not depend on what is shown, and that add up over taps and logits', () => {
    const gradients = (network: Network, sources: readonly string[]): Map<string, Float32Array> => {
      const session = reference.session(network, { optimizer: SGD, threads: 1 });
      session.write(hashedState(network));
      const step = session.trainStep({ batch: BATCH, taps: sources.filter((name) => name !== 'logits') });
      step.input.set(signed('pixels', step.input.length));
      step.forward(3, 5);
      step.logitsGradient.fill(0);
      for (const name of sources) step.tapGradient(name).set(signed(name, step.tapGradient(name).length));
      step.backward();
      const found = new Map(session.readGradients());
      session.dispose();
      return found;
    };
    fc.assert(
      fc.property(networks, (network) => {
        const names = Object.keys(network.taps);
        const parts = names.map((name) => gradients(network, [name]));
        const together = gradients(network, names);
        for (const [key, values] of together) {
          const peak = Math.max(1, ...parts.flatMap((part) => [...part.get(key)!].map(Math.abs)));
          values.forEach((value, i) => {
            const sum = parts.reduce((total, part) => total + part.get(key)![i]!, 0);
            expect(Math.abs(value - sum) / peak, key).toBeLessThan(1e-5);
          });
        }
      }),
      { seed: 73, numRuns: 40 },
    );
  });
});
