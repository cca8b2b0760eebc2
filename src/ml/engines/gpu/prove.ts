/**
 * A process that tries an engine out, whose name it is given: trains a small network with it and with the reference engine, runs
 * every primitive, so that none is missed in the middle of a training, and exits 0 where they agree. It says in JSON how the
 * engine describes itself.
 */
import { createReference } from '../reference/create.ts';
import type { EngineResult } from '../engine.ts';
import { nearStates, runEverything } from '../kernels/sample.ts';
import { engines, type EngineName } from '../registry.ts';
import { CompiledEngine } from '../session.ts';
import { DIFFERENT } from './proof.ts';

function engineOf(result: EngineResult): CompiledEngine {
  if ('unavailable' in result) throw new Error(result.unavailable);
  if (!(result.engine instanceof CompiledEngine)) throw new Error('it runs no programs');
  return result.engine;
}

const [name = ''] = process.argv.slice(2);
const all = [await engines[name as EngineName].create({ threads: 1 }), createReference()].map(engineOf);
process.stdout.write(`${JSON.stringify(all[0]?.description)}\n`);
const [one, other] = all.map((engine) => runEverything(engine, { threads: 1 }));
for (const engine of all) await engine.dispose();
process.exitCode = one && other && nearStates(one, other) ? 0 : DIFFERENT;
