import { pickEngine } from '../engines/create-engine.ts';
import type { Engine, EngineResult } from '../engines/engine.ts';
import { engines, type EngineChoice, type EngineName } from '../engines/registry.ts';

const running = new Map<string, Promise<EngineResult>>();

function share(name: EngineName, threads: number): Promise<EngineResult> {
  const key = `${name} ${threads}`;
  const result = running.get(key) ?? engines[name].create({ threads });
  running.set(key, result);
  return result;
}

/**
 * The process's engine of a kind: compiling kernels and starting threads is paid once a worker, not once a stage.
 *
 * @param asked - a name, or `auto`: the best that this machine can run
 * @param threads - most threads that a session will ask for, ≥ 1
 * @returns the engine, shared by all who ask for the same; nobody disposes it but {@link disposeEngines}
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export function sharedEngine(asked: EngineChoice, threads: number): Promise<Engine> {
  return pickEngine(asked, engines, (name) => share(name, threads));
}

/** Stops all shared engines and their threads. */
export async function disposeEngines(): Promise<void> {
  const all = await Promise.allSettled(running.values());
  running.clear();
  const made = all.flatMap((one) => (one.status === 'fulfilled' && 'engine' in one.value ? [one.value.engine] : []));
  await Promise.all(made.map((engine) => engine.dispose()));
}
