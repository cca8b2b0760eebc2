import type { EngineResult } from '../../../../src/ml/engines/engine.ts';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { REFERENCE_TARGET } from '../../../../src/ml/engines/reference/target.ts';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';

/** All that an engine has to be: an executor, with a target of its own, under a name. */
class ToyExecutor extends ReferenceExecutor {
  override readonly name = 'toy';

  constructor() {
    super({ ...REFERENCE_TARGET, panel: 16 });
  }
}

/** Makes the toy engine, unless TOY_ENGINE is `off`. */
export function createToy(): EngineResult {
  if (process.env['TOY_ENGINE'] === 'off') return { unavailable: 'TOY_ENGINE is off' };
  return { engine: new CompiledEngine(new ToyExecutor()) };
}
