import type { EngineEntry } from './engine.ts';

/** All engines by their YAML name, the best first: `auto` picks the first one that this machine can run. */
export const engines = {
  native: {
    summary:
      'kernels in native code (AVX-512, AVX2 or NEON) on threads; the bits of wasm, which takes its place where it cannot run',
    create: async (options) => (await import('./native/create.ts')).createNative(options),
  },
  wasm: {
    summary: 'kernels in WebAssembly with SIMD on threads, 128 bits wide; needs nothing but Node',
    create: async (options) => (await import('./wasm/create.ts')).createWasm(options),
  },
  pytorch: {
    summary: 'PyTorch, in a Python that has it (KDPIPE_PYTHON): GPUs by CUDA, ROCm or MPS, and the CPU',
    onlyByName: true,
    // Threads are those of a CPU.
    onGpu: ({ description }) => description['threads'] === undefined,
    create: async (options) => (await import('./pytorch/create.ts')).createPyTorch(options),
  },
  tensorflow: {
    summary: 'TensorFlow, the native module of tfjs-node: NVIDIA GPUs, and the CPU',
    onlyByName: true,
    onGpu: ({ description }) => description['device'] === 'gpu',
    create: async (options) => (await import('./tensorflow/create.ts')).createTensorFlow(options),
  },
  reference: {
    summary: 'plain TypeScript in float64: slow and obvious, the oracle of the tests',
    onlyByName: true,
    create: async () => (await import('./reference/create.ts')).createReference(),
  },
} as const satisfies Readonly<Record<string, EngineEntry>>;

/** Name of an engine. */
export type EngineName = keyof typeof engines;

/** What a stage or a command may ask for. */
export type EngineChoice = 'auto' | EngineName;
