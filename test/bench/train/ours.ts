/** Runs one case with its engine, or the best one here (KDPIPE_NATIVE=off: wasm), in a process of its own: `node ours.mjs '<case as JSON>'`. */
import { frozenStep, trainingStep } from '../../../src/ml/bench/measure.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Case, Outcome } from './case.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
/** Steps before the clock counts, and how long it counts. */
const WARM_UP = 3;
const SECONDS = 3;

const wanted = JSON.parse(process.argv[2] ?? '') as Case;
const { size, threads } = wanted;
const build = (name: string) =>
  models[name as keyof typeof models].build({ height: size, width: size, channels: 3 }, wanted.classes);
const engine = await createEngine(wanted.engine ?? 'auto', { threads });

/** A session with weights drawn from the seed. */
function sessionOf(name: string, optimizer: typeof ADAMW | null) {
  const session = engine.session(build(name), { optimizer, threads, amp: wanted.mode === 'amp' });
  session.write(initialState(session.network, 0));
  return session;
}

async function stepOf({ model, mode, teacher, batch, method }: Case): Promise<() => void> {
  if (mode === 'frozen') return frozenStep(sessionOf(model, null), batch);
  const session = sessionOf(model, ADAMW);
  if (teacher === undefined) return trainingStep(engine, session, batch);
  // Methods are loaded only where something is distilled.
  const { distilledBy, distillingStep } = await import('./distilling.ts');
  const frozen = sessionOf(teacher, null);
  const pair = { engine, teacher: frozen, student: session, optimizer: ADAMW };
  return distillingStep(pair, { batch, threads, ...(method !== undefined && distilledBy(method)) });
}

const step = await stepOf(wanted);
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
