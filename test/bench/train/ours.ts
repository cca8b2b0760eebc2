/** Runs one case with our wasm engine in a process of its own: `node ours.mjs '<case as JSON>'`. */
import { engines } from '../../../src/ml/engines/registry.ts';
import type { Session } from '../../../src/ml/engines/engine.ts';
import { crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Case, Outcome } from './case.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
/** Steps before the clock counts, and how long it counts. */
const WARM_UP = 3;
const SECONDS = 3;

function stepOf(session: Session, { batch, classes, mode }: Case): () => void {
  const pixels = (input: Float32Array): unknown => input.forEach((_, i) => (input[i] = ((i * 37) % 101) / 101));
  if (mode === 'frozen') {
    const step = session.forwardStep({ batch, taps: [] });
    pixels(step.input);
    return () => step.run();
  }
  const step = session.trainStep({ batch, taps: [] });
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  pixels(step.input);
  let count = 0;
  return () => {
    step.forward(0, count++);
    crossEntropy({ logits: step.logits, labels, classes }, { smoothing: 0, classWeights: null }, step.logitsGradient);
    step.backward();
    step.update({ learningRate: 1e-4, weightDecay: 5e-4 });
  };
}

const wanted = JSON.parse(process.argv[2] ?? '') as Case;
const { size, threads } = wanted;
const network = models[wanted.model as keyof typeof models].build(
  { height: size, width: size, channels: 3 },
  wanted.classes,
);
const engine = engines.wasm.create({ threads });
const session = engine.session(network, { optimizer: wanted.mode === 'train' ? ADAMW : null, threads });
session.write(initialState(network, 0));
const step = stepOf(session, wanted);
step();
const first = Date.now() / 1e3;
for (let i = 1; i < WARM_UP; i++) step();
const steps: number[] = [];
for (let total = 0; total < SECONDS || steps.length < 3; total += steps.at(-1) ?? NaN) {
  const start = performance.now();
  step();
  steps.push((performance.now() - start) / 1e3);
}
const outcome: Outcome = { steps, first, memory: process.resourceUsage().maxRSS / 1024 };
console.log(JSON.stringify(outcome));
await engine.dispose();
