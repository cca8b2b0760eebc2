import type { Engine } from './engine.ts';
import { ReferenceExecutor } from './reference/executor.ts';
import { CompiledEngine } from './session.ts';
import { WasmExecutor } from './wasm/executor.ts';

/** How an engine is made. */
export interface EngineOptions {
  /** Most threads that its sessions will ask for, 1 … 64. */
  readonly threads: number;
  /** Memory in bytes where the engine has a bound; a multiple of 65536. */
  readonly memory?: number;
}

/** An engine by its YAML name. */
export interface EngineEntry {
  readonly summary: string;
  create(options: EngineOptions): Engine;
}

/** All engines by name. */
export const engines = {
  wasm: {
    summary: 'kernels in WebAssembly with 128-bit SIMD on threads; needs nothing but Node',
    create: (options) => new CompiledEngine(new WasmExecutor({ ...options, build: process.env['KDPIPE_WASM'] })),
  },
  reference: {
    summary: 'plain TypeScript in float64: slow and obvious, the oracle of the tests',
    create: () => new CompiledEngine(new ReferenceExecutor()),
  },
} as const satisfies Readonly<Record<string, EngineEntry>>;

/** Name of an engine. */
export type EngineName = keyof typeof engines;
