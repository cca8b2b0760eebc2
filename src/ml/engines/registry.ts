import { fail } from '../../core/failure.ts';
import type { Engine } from './engine.ts';
import { ReferenceExecutor } from './reference/executor.ts';
import { CompiledEngine } from './session.ts';
import { WasmExecutor, type WasmOptions } from './wasm/executor.ts';

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

const MEBIBYTE = 2 ** 20;

/** `KDPIPE_MEMORY`: most MiB that the engine of a process may take; 4096, what it can address, unless set. */
function memoryOption(): { readonly memory?: number } {
  const asked = process.env['KDPIPE_MEMORY'];
  if (asked === undefined) return {};
  if (/^\d+$/.test(asked) && Number(asked) >= 1 && Number(asked) <= 4096) return { memory: Number(asked) * MEBIBYTE };
  return fail({
    code: 'bad-environment',
    message: `KDPIPE_MEMORY is ${JSON.stringify(asked)}`,
    expected: 'a whole number of MiB from 1 to 4096',
    fix: 'KDPIPE_MEMORY=2048',
  });
}

/** `KDPIPE_WASM`, `KDPIPE_VECTORS`: what to leave out of what this V8 can do. */
const kernelWishes = (): Pick<WasmOptions, 'build' | 'vectors'> => ({
  build: process.env['KDPIPE_WASM'],
  vectors: process.env['KDPIPE_VECTORS'],
});

/** All engines by name. */
export const engines = {
  wasm: {
    summary: 'kernels in WebAssembly with SIMD on threads, 128 bits wide, 256 from Node 24 on; needs nothing but Node',
    create: (options) => new CompiledEngine(new WasmExecutor({ ...memoryOption(), ...options, ...kernelWishes() })),
  },
  reference: {
    summary: 'plain TypeScript in float64: slow and obvious, the oracle of the tests',
    create: () => new CompiledEngine(new ReferenceExecutor()),
  },
} as const satisfies Readonly<Record<string, EngineEntry>>;

/** Name of an engine. */
export type EngineName = keyof typeof engines;
