import { describe, expect, it } from 'vitest';
import { compileLoss, LOSS } from '../../../src/ml/engines/compile-loss.ts';
import type { Engine, OptimizerSpec } from '../../../src/ml/engines/engine.ts';
import { Workspace } from '../../../src/ml/engines/workspace.ts';
import { crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import { assortedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { readArrays } from '../../support/read-arrays.ts';

const ADAMW: OptimizerSpec = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 };
const BATCH = 5;
const network = assortedNetwork();
const TAP = 'block2';
/** As many as it takes an engine to prepare them, and more. */
export const ROUNDS = 7;

/** Two students that share the memory of their steps and the images, and a frozen network whose tap is put into an array. */
export function setting(engine: Engine) {
  const workspace = new Workspace();
  const shape = network.layers[0]!.shape;
  const images = engine.array(BATCH * shape.height * shape.width * shape.channels);
  const { height, width, channels } = network.layers[network.taps[TAP]!]!.shape;
  const outputs = {
    [TAP]: engine.array(BATCH * height * width * channels),
    logits: engine.array(BATCH * network.classes),
  };
  const frozen = engine.session(network, { optimizer: null, workspace });
  frozen.write(hashedState(network));
  const seen = frozen.forwardStep({ batch: BATCH, taps: [TAP], images, outputs });
  const students = [1, 2].map((seed) => {
    const session = engine.session(network, { optimizer: ADAMW, workspace });
    session.write(new Map([...hashedState(network)].map(([name, values]) => [name, values.map((x) => x / seed)])));
    const step = session.trainStep({ batch: BATCH, taps: [], images });
    const loss = compileLoss(session, step, (logits, labels) =>
      crossEntropy(logits, labels, { labelSmoothing: 0.1, classWeights: null }),
    );
    const begin = (count: number) => {
      loss.input(LOSS.labels).forEach((_, i, labels) => (labels[i] = (i + seed) % network.classes));
      step.forward(seed, count);
      loss.run();
      step.backward();
      step.update({ learningRate: 0.01 * seed, weightDecay: 0.05 });
    };
    return { session, step, begin, loss: () => loss.result(LOSS.loss).slice() };
  });
  const show = (count: number) => images.write(signed(`pixels ${count}`, images.floats, 2));
  const state = () => [
    ...students.flatMap(({ session, loss }) => [
      ...session.read().values(),
      ...session.readOptimizer().slots.values(),
      loss(),
    ]),
    ...Object.values(outputs).map((array) => array.read()),
  ];
  return { frozen, seen, students, show, state, images };
}

/**
 * Rounds of steps.
 *
 * @param engine - makes them
 * @param gather - runs what each round asks for
 * @returns weights, optimisers, losses and outputs after them
 */
export function rounds(engine: Engine, gather: (work: () => void) => void) {
  const made = setting(engine);
  for (let count = 0; count < ROUNDS; count++) {
    made.show(count);
    gather(() => {
      made.seen.run();
      for (const { begin } of made.students) begin(count);
    });
  }
  return made.state();
}

/**
 * Tests runs that are made together.
 *
 * @param name - of the engine
 * @param engine - makes them
 */
export function describeTogether(name: string, engine: Engine): void {
  describe(`runs that are made together, ${name}`, () => {
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
          found.push(one!.loss(), one!.session.read().get('head.weight')!, one!.step.logits.slice());
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
}
