import { compileLoss, LOSS } from '../../src/ml/engines/compile-loss.ts';
import type { Engine, OptimizerSpec } from '../../src/ml/engines/engine.ts';
import { Workspace } from '../../src/ml/engines/workspace.ts';
import { crossEntropy } from '../../src/ml/losses/cross-entropy.ts';
import { assortedNetwork } from './assorted-network.ts';
import { hashedState, signed } from './hashed.ts';

const ADAMW: OptimizerSpec = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 };
export const BATCH = 5;
export const network = assortedNetwork();
export const TAP = 'block2';

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

/** Three rounds of steps; `gather` runs what each round asks for. */
export function rounds(engine: Engine, gather: (work: () => void) => void) {
  const made = setting(engine);
  for (const count of [0, 1, 2]) {
    made.show(count);
    gather(() => {
      made.seen.run();
      for (const { begin } of made.students) begin(count);
    });
  }
  return made.state();
}
