import { availableParallelism } from 'node:os';
import { onThreads } from '../../util/threads.ts';
import { pickEngine, type Picked } from '../engines/create-engine.ts';
import type { Engine, EngineResult } from '../engines/engine.ts';
import { engines, type EngineChoice, type EngineName } from '../engines/registry.ts';

const running = new Map<string, Promise<EngineResult>>();
const endings = new Map<Engine, () => void>();
let auto: Promise<Picked> | undefined;

function share(name: EngineName): Promise<EngineResult> {
  const result = running.get(name) ?? create(name);
  running.set(name, result);
  return result;
}

async function create(name: EngineName): Promise<EngineResult> {
  const result = await engines[name].create({ threads: availableParallelism() });
  if ('engine' in result) {
    const { engine } = result;
    endings.set(
      engine,
      onThreads((threads) => engine.limitThreads(threads)),
    );
  }
  return result;
}

async function end(engine: Engine): Promise<void> {
  endings.get(engine)?.();
  endings.delete(engine);
  await engine.dispose();
}

function discard(name: EngineName, engine: Engine): Promise<void> {
  running.delete(name);
  return end(engine);
}

/**
 * The process's engine of a kind: compiling kernels and starting threads is paid once a worker, not once a stage, and so is the
 * choice that `auto` makes.
 *
 * @param asked - a name, or `auto`: the best that this machine can run
 * @returns the engine, shared by all who ask for it; it follows the process's limit of threads, and nobody disposes it but
 *   {@link disposeEngines}
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export function sharedPick(asked: EngineChoice): Promise<Picked> {
  const pick = (): Promise<Picked> => pickEngine(asked, engines, { create: share, discard });
  return asked === 'auto' ? (auto ??= pick()) : pick();
}

/**
 * The engine of {@link sharedPick} alone.
 *
 * @param asked - a name, or `auto`
 * @returns the shared engine
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export async function sharedEngine(asked: EngineChoice): Promise<Engine> {
  return (await sharedPick(asked)).engine;
}

/** Stops all shared engines and their threads. */
export async function disposeEngines(): Promise<void> {
  const all = await Promise.allSettled(running.values());
  running.clear();
  auto = undefined;
  const made = all.flatMap((one) => (one.status === 'fulfilled' && 'engine' in one.value ? [one.value.engine] : []));
  await Promise.all(made.map(end));
}
