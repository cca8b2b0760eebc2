/** Processor time of a case's steps by engine, in a process of its own: TensorFlow's threads are those of the first engine in one. */
import { frozenStep, trainingStep } from '../../../src/ml/bench/measure.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import type { Case } from '../train/case.ts';
import { NAMES } from './names.ts';

const ADAMW = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

function stepOf(engine: Engine, { model, size, classes, mode, batch, threads }: Case): () => void {
  const network = models[model as keyof typeof models].build({ height: size, width: size, channels: 3 }, classes);
  const session = engine.session(network, { optimizer: mode === 'train' ? ADAMW : null, threads });
  session.write(initialState(network, 0));
  return mode === 'train' ? trainingStep(engine, session, batch) : frozenStep(session, batch);
}

/** Milliseconds that this process's threads worked on something, all of them together. */
function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

/** Processor time of the first step, and of each later one, by engine; each round takes one of all, in turn. */
async function timesOf(wanted: Case, rounds: number) {
  const steps = await Promise.all(
    NAMES.map(async (name) => {
      const engine = await createEngine(name, { threads: wanted.threads });
      return { name, engine, step: stepOf(engine, wanted), times: [] as number[], first: NaN };
    }),
  );
  for (const one of steps) one.first = processorTime(one.step);
  for (const { step } of steps) step();
  for (let round = 0; round < rounds; round++)
    for (const { step, times } of round % 2 ? steps.toReversed() : steps) times.push(processorTime(step));
  await Promise.all(steps.map(({ engine }) => engine.dispose()));
  return steps.map(({ times, first }) => ({ times, first }));
}

const [wanted = '', rounds] = process.argv.slice(2);
console.log(JSON.stringify(await timesOf(JSON.parse(wanted) as Case, Number(rounds))));
