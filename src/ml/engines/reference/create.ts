import type { EngineResult } from '../engine.ts';
import { CompiledEngine } from '../compiled-engine.ts';
import { ReferenceExecutor } from './executor.ts';

/**
 * Makes the reference engine, which runs everywhere.
 *
 * @returns the engine
 */
export function createReference(): EngineResult {
  return { engine: new CompiledEngine(new ReferenceExecutor()) };
}
