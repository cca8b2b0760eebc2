/**
 * A process that tries an engine out, whose name it is given: trains a small network with it and with the reference engine, runs
 * every primitive, so that none is missed in the middle of a training, and exits 0 where they agree. It says in JSON how the
 * engine describes itself, or why it cannot run. `trusting`: a verdict that is kept will do, and the one that is found is kept;
 * only engines that compute with a library from elsewhere are tried.
 */
import { keepVerdict, readVerdict, verdictFile } from '../../../util/verdicts.ts';
import type { Engine, EngineEntry } from '../engine.ts';
import { runEverything, nearStates } from '../kernels/sample.ts';
import { createReference } from '../reference/create.ts';
import { engines, type EngineName } from '../registry.ts';
import { CompiledEngine } from '../compiled-engine.ts';
import { DIFFERENT, UNAVAILABLE } from './ends.ts';
import { factsOf } from './facts.ts';

const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

function isRight(engine: Engine): boolean {
  const reference = createReference();
  const [one, other] = [engine, 'engine' in reference ? reference.engine : null].map((each) => {
    if (!(each instanceof CompiledEngine)) throw new Error('it runs no programs');
    return runEverything(each, { threads: 1 });
  });
  return one !== undefined && other !== undefined && nearStates(one, other);
}

/** The verdict that is kept; else the one that is found, which then is kept. */
function isTrusted(engine: Engine): boolean {
  const facts = factsOf(name, engine.description);
  const file = verdictFile(facts);
  const verdict = readVerdict(file) ?? (isRight(engine) ? 'good' : 'bad');
  keepVerdict(file, verdict, facts);
  return verdict === 'good';
}

const [name = '', mode] = process.argv.slice(2);
const entry: EngineEntry = engines[name as EngineName];
const result = await entry.create({ threads: 1 });
if ('unavailable' in result) {
  say(result);
  process.exitCode = UNAVAILABLE;
} else {
  const { engine } = result;
  say(engine.description);
  const isGood = mode === 'trusting' ? !entry.onGpu || isTrusted(engine) : isRight(engine);
  await engine.dispose();
  process.exitCode = isGood ? 0 : DIFFERENT;
}
