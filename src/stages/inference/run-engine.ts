import type { Failure } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import { unavailableEngine } from '../../ml/engines/create-engine.ts';
import type { Engine } from '../../ml/engines/engine.ts';
import type { EngineChoice } from '../../ml/engines/registry.ts';
import { obstacleHere } from '../../ml/engines/self-test/proof.ts';
import { sharedPick } from '../../ml/inference/shared-engine.ts';
import type { StageContext } from '../stage-kind.ts';

/** Why `auto` took an engine. */
const reasons = new WeakMap<Engine, string>();
let isWarned = false;

/**
 * The engine of a stage. That a GPU stays idle is a warning, once a process.
 *
 * @param stage - the running stage
 * @param asked - its parameter `engine`
 * @returns the process's engine
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export async function engineOf(stage: StageContext, asked: EngineChoice): Promise<Engine> {
  const { engine, why, missesGpu } = await sharedPick(asked);
  if (why !== null) reasons.set(engine, why);
  if (missesGpu && !isWarned)
    stage.tell({ type: 'warning', message: `the GPU stays idle: engine auto is ${why ?? ''}` });
  isWarned ||= missesGpu;
  return engine;
}

/**
 * What the record of a stage says of its engine.
 *
 * @param stage - the stage
 * @param stage.params - its parameters
 * @param engine - what computed it
 * @returns the engine's name and description, and why `auto` took it
 */
export function environmentOf({ params }: Pick<StageContext, 'params'>, engine: Engine): JsonObject {
  const why = params['engine'] === 'auto' ? reasons.get(engine) : undefined;
  return { engine: { name: engine.name, ...engine.description }, ...(why !== undefined && { auto: why }) };
}

/**
 * Looks whether this machine runs an engine; what computes with a library from elsewhere has to prove itself, once. All of it in a process
 * of its own.
 *
 * @param name - of the registry
 * @returns why not; null where it does
 */
export async function lookFor(name: string): Promise<Failure | null> {
  const reason = await obstacleHere(name);
  return reason === undefined ? null : unavailableEngine(name, reason);
}
