import type { Engine, EngineEntry } from '../engines/engine.ts';
import { engines } from '../engines/registry.ts';

/** What becomes of an engine on this machine. */
export interface EngineState {
  readonly summary: string;
  /** Whether it is what `engine: auto` takes. */
  readonly auto: boolean;
  /** Whether it is used only where it is named. */
  readonly onlyByName: boolean;
  /** Why it cannot run here: a half sentence that may follow a colon; null where it can. */
  readonly unavailable: string | null;
  /** What it says of itself: threads, kernels; empty where it cannot run. */
  readonly description: Engine['description'];
  /** What `amp: true` rounds operands of products to; null where it trains in float32. */
  readonly halfPrecision: Engine['halfPrecision'];
}

/**
 * Tries every engine: each is made as a stage would make it, and let go of.
 *
 * @param threads - largest team, at least 1
 * @param registry - all engines, the best first
 * @returns what becomes of each, in the order of the registry
 * @throws FailureError `bad-environment` when a KDPIPE_ variable that an engine reads is wrong
 */
export async function engineStates(
  threads: number,
  registry: Readonly<Record<string, EngineEntry>> = engines,
): Promise<Readonly<Record<string, EngineState>>> {
  const states: [string, EngineState][] = [];
  for (const [name, entry] of Object.entries(registry)) {
    const { summary, onlyByName = false } = entry;
    const result = await entry.create({ threads });
    const auto = 'engine' in result && !onlyByName && !states.some(([, state]) => state.auto);
    const description = 'engine' in result ? result.engine.description : {};
    const halfPrecision = 'engine' in result ? result.engine.halfPrecision : null;
    const unavailable = 'engine' in result ? null : result.unavailable;
    states.push([name, { summary, auto, onlyByName, unavailable, description, halfPrecision }]);
    if ('engine' in result) await result.engine.dispose();
  }
  return Object.fromEntries(states);
}
