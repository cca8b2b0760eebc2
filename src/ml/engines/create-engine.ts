import { fail } from '../../core/failure.ts';
import type { Engine, EngineEntry, EngineOptions, EngineResult } from './engine.ts';
import { engines, type EngineChoice } from './registry.ts';

/** Fails because of an engine that was asked for by name. */
function failUnavailable(name: string, reason: string): never {
  return fail({
    code: 'engine-unavailable',
    message: `the ${name} engine cannot run here: ${reason}`,
    expected: 'an engine that this machine can run',
    fix: 'engine: auto',
  });
}

/**
 * Picks the engine that is asked for.
 *
 * @param asked - a name of the registry, or `auto`: the first one that runs here, those for `onlyByName` left out
 * @param registry - all engines, the best first
 * @param create - makes an engine, or finds one that is there already
 * @returns the engine
 * @throws FailureError `engine-unavailable` with the reasons, when this machine cannot run it
 */
export async function pickEngine<Name extends string>(
  asked: 'auto' | Name,
  registry: Readonly<Record<Name, EngineEntry>>,
  create: (name: Name) => Promise<EngineResult>,
): Promise<Engine> {
  if (asked !== 'auto') {
    const result = await create(asked);
    return 'engine' in result ? result.engine : failUnavailable(asked, result.unavailable);
  }
  const entries = Object.entries(registry) as [Name, EngineEntry][];
  const reasons: string[] = [];
  for (const [name] of entries.filter(([, entry]) => !entry.onlyByName)) {
    const result = await create(name);
    if ('engine' in result) return result.engine;
    reasons.push(`${name}: ${result.unavailable}`);
  }
  const slow = entries.filter(([, entry]) => entry.onlyByName).map(([name]) => `engine: ${name}`);
  return fail({
    code: 'engine-unavailable',
    message: `no engine can run here; ${reasons.join('; ')}`,
    expected: 'an engine that this machine can run',
    fix: slow.join(', or '),
  });
}

/**
 * Makes an engine of one's own.
 *
 * @param asked - its name, or `auto`
 * @param options - threads, memory
 * @returns the engine; the caller disposes it
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export function createEngine(asked: EngineChoice, options: EngineOptions): Promise<Engine> {
  return pickEngine(asked, engines, (name) => engines[name].create(options));
}
