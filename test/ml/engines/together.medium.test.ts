import { afterAll, describe, expect, it, vi } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import type { Executor } from '../../../src/ml/engines/executor.ts';
import { CompiledEngine } from '../../../src/ml/engines/session.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { WasmMachine } from '../../../src/ml/engines/wasm/machine.ts';
import { signed } from '../../support/hashed.ts';
import { BATCH, network, rounds, setting, TAP } from '../../support/joint-rounds.ts';
import { nativeExecutor } from '../../support/native.ts';
import { readArrays } from '../../support/read-arrays.ts';

const native = nativeExecutor({ threads: 2 });
const engines: Readonly<Record<string, Engine>> = {
  wasm: await createEngine('wasm', { threads: 2 }),
  reference: await createEngine('reference', { threads: 1 }),
  ...(native && { native: new CompiledEngine(native) }),
};
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.dispose())));

describe.each(Object.entries(engines))('runs that are made together, %s', (_, engine) => {
  it('have the bits that they have one by one, though steps lie in the same memory', () => {
    const oneByOne = rounds(engine, (work) => work());
    expect(rounds(engine, (work) => engine.together(work))).toEqual(oneByOne);
    // A round within a round is part of it.
    expect(rounds(engine, (work) => engine.together(() => engine.together(work)))).toEqual(oneByOne);
  });

  it('are made in time for whoever reads, writes or frees their memory in between', () => {
    const results = [(work: () => void) => work(), (work: () => void) => engine.together(work)].map((gather) => {
      const { students, show, state, images } = setting(engine);
      const [one, other] = students;
      const own = other!.session.trainStep({ batch: BATCH, taps: [] });
      const found: unknown[] = [];
      gather(() => {
        show(0);
        one!.begin(0);
        show(1);
        one!.begin(1);
        found.push(one!.loss(), one!.session.read().get('fc.weight'), one!.step.logits.slice());
        one!.begin(2);
        // The same memory as that of the step before.
        own.input.set(signed('own', images.floats));
        own.forward(0, 0);
        own.logitsGradient.fill(0.5);
        own.backward();
        other!.session.write(other!.session.read());
        own.update({ learningRate: 0.1, weightDecay: 0 });
        one!.begin(3);
        const gone = engine.session(network, { optimizer: null });
        const step = gone.forwardStep({ batch: BATCH, taps: [], images });
        step.run();
        gone.dispose();
      });
      return [...found, ...state()];
    });
    expect(results[1]).toEqual(results[0]);
  });

  it('are made though what asked for them has failed, and what comes later is made at once', () => {
    const made = setting(engine);
    made.show(0);
    const fail = () =>
      engine.together(() => {
        made.students[0]!.begin(0);
        throw new Error('that is all');
      });
    expect(fail).toThrow('that is all');
    const after = made.state();
    const expected = setting(engine);
    expected.show(0);
    expected.students[0]!.begin(0);
    expect(after).toEqual(expected.state());
  });

  it('puts a frozen network’s outputs where they are wanted, the bits of its own ports', () => {
    const { frozen, seen, show, images, state } = setting(engine);
    show(0);
    seen.run();
    const placed = state().slice(-2);
    const plain = frozen.forwardStep({ batch: BATCH, taps: [TAP] });
    plain.input.set(readArrays(frozen, { images }).images);
    plain.run();
    expect(placed).toEqual([plain.tap(TAP), plain.logits]);
  });
});

it('are made in one go, after all have been asked for', async () => {
  const executor: Executor = new WasmExecutor({ threads: 1 });
  const engine = new CompiledEngine(executor);
  const runs = vi.spyOn(WasmMachine.prototype, 'run');
  const counts: [number, number][] = [];
  rounds(engine, (work) => {
    runs.mockClear();
    let within = NaN;
    engine.together(() => {
      work();
      within = runs.mock.calls.length;
    });
    counts.push([within, runs.mock.calls.length]);
  });
  runs.mockRestore();
  // The frozen pass; forward, loss, backward and update of either student.
  expect(counts).toEqual([1, 2, 3].map(() => [0, 9]));
  await engine.dispose();
});
