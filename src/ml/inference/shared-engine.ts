import { availableParallelism } from 'node:os';
import { onThreads } from '../../util/threads.ts';
import { pickEngine } from '../engines/create-engine.ts';
import type { Engine, EngineResult } from '../engines/engine.ts';
import { engines, type EngineChoice, type EngineName } from '../engines/registry.ts';

const running = new Map<string, Promise<EngineResult>>();
const endings: (() => void)[] = [];

function share(name: EngineName): Promise<EngineResult> {
  const result = running.get(name) ?? create(name);
  running.set(name, result);
  return result;
}

async function create(name: EngineName): Promise<EngineResult> {
  const result = await engines[name].create({ threads: availableParallelism() });
  if ('engine' in result) endings.push(onThreads((threads) => result.engine.limitThreads(threads)));
  return result;
}

/**
 * The process's engine of a kind: compiling kernels and starting threads is paid once a worker, not once a stage.
 *
 * @param asked - a name, or `auto`: the best that this machine can run
 * @returns the engine, shared by all who ask for it; it follows the process's limit of threads, and nobody disposes it but
 *   {@link disposeEngines}
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export function sharedEngine(asked: EngineChoice): Promise<Engine> {
  return pickEngine(asked, engines, share);
}

/** Stops all shared engines and their threads. */
export async function disposeEngines(): Promise<void> {
  const all = await Promise.allSettled(running.values());
  running.clear();
  for (const end of endings.splice(0)) end();
  const made = all.flatMap((one) => (one.status === 'fulfilled' && 'engine' in one.value ? [one.value.engine] : []));
  await Promise.all(made.map((engine) => engine.dispose()));
}
