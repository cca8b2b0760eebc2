import type { Engine } from '../engines/engine.ts';
import { engines, type EngineName } from '../engines/registry.ts';

const running = new Map<string, Engine>();

/**
 * The process's engine of a kind: compiling kernels and starting threads is paid once a worker, not once a stage.
 *
 * @param name - `auto` is the embedded default, wasm
 * @param threads - most threads that a session will ask for, ≥ 1
 * @returns the engine, shared by all who ask for the same; nobody disposes it but {@link disposeEngines}
 */
export function sharedEngine(name: 'auto' | EngineName, threads: number): Engine {
  const kind = name === 'auto' ? 'wasm' : name;
  const key = `${kind} ${threads}`;
  const engine = running.get(key) ?? engines[kind].create({ threads });
  running.set(key, engine);
  return engine;
}

/** Stops all shared engines and their threads. */
export async function disposeEngines(): Promise<void> {
  const all = [...running.values()];
  running.clear();
  await Promise.all(all.map((engine) => engine.dispose()));
}
