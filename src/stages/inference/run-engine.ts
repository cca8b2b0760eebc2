import { appendFileSync } from 'node:fs';
import type { JsonObject } from '../../core/json.ts';
import type { Engine } from '../../ml/engines/engine.ts';
import type { EngineChoice } from '../../ml/engines/registry.ts';
import { sharedPick } from '../../ml/inference/shared-engine.ts';
import type { StageContext } from '../stage-kind.ts';

let isWarned = false;

/**
 * The engine of a stage. Its log says what `auto` took, and why nothing better; that a GPU stays idle is a warning, once a process.
 *
 * @param stage - the running stage
 * @param asked - its parameter `engine`
 * @returns the process's engine
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export async function engineOf(stage: StageContext, asked: EngineChoice): Promise<Engine> {
  const { log, tell } = stage;
  const { engine, why, missesGpu } = await sharedPick(asked);
  if (why !== null) appendFileSync(log, `engine: ${why}\n`);
  if (missesGpu && !isWarned) tell({ type: 'warning', message: `the GPU stays idle: engine auto is ${why ?? ''}` });
  isWarned ||= missesGpu;
  return engine;
}

/**
 * What the record of a stage says of its engine.
 *
 * @param engine - what computed
 * @returns the engine's name and description
 */
export function environmentOf(engine: Engine): JsonObject {
  return { engine: { name: engine.name, ...engine.description } };
}
