/**
 * A process that tries an engine out, whose name it is given: trains a small network with it and with the reference engine, and
 * exits 0 where they agree. It says in JSON how the engine describes itself.
 */
import { createReference } from '../reference/create.ts';
import type { Engine, EngineResult } from '../engine.ts';
import { nearStates, trainSample } from '../kernels/sample.ts';
import { engines, type EngineName } from '../registry.ts';
import { DIFFERENT } from './proof.ts';

function engineOf(result: EngineResult): Engine {
  if ('unavailable' in result) throw new Error(result.unavailable);
  return result.engine;
}

const [name = ''] = process.argv.slice(2);
const all = [await engines[name as EngineName].create({ threads: 1 }), createReference()].map(engineOf);
process.stdout.write(`${JSON.stringify(all[0]?.description)}\n`);
const [one, other] = all.map((engine) => trainSample(engine, { threads: 1 }));
for (const engine of all) await engine.dispose();
process.exitCode = one && other && nearStates(one, other) ? 0 : DIFFERENT;
