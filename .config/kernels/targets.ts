/** What the kernels are compiled to, and how. */

/** Of ziglang on PyPI: a C compiler with the headers and libraries of all systems. */
export const ZIG = '0.17.1';
/** Of node-api-headers on npm: what an addon is written against. */
export const NODE_API_HEADERS = '1.9.0';

/** Flags of every C file. */
const COMMON = ['-O3', '-std=gnu2x', '-fno-math-errno', '-ffp-contract=off', '-fno-sanitize=all', '-g0'];
export const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-psabi', '-Wno-missing-field-initializers'];

/** A build in WebAssembly. */
export interface WasmTarget {
  /** A C file of its own, below src/ml; all kernels of the engines by default. */
  readonly source?: string;
  readonly compile: readonly string[];
  readonly link: readonly string[];
}

const WASM_FEATURES = 'generic+simd128+atomics+bulk_memory';
const WASM_COMPILE = [...COMMON, '-target', 'wasm32-freestanding', '-ffreestanding', '-fno-builtin'];
const WASM_LINK = [
  ...['--no-entry', '--import-memory', '--shared-memory', '--max-memory=4294967296', '--strip-all'],
  ...['--export=__stack_pointer', '--export=__heap_base', '-z', 'stack-size=65536'],
];

/** Builds in WebAssembly by their file below src/ml/engines: plain SIMD, and relaxed SIMD, which has fused multiply-add. */
export const WASM_TARGETS: Readonly<Record<string, WasmTarget>> = {
  'wasm/kernels/simd.wasm': { compile: [...WASM_COMPILE, `-mcpu=${WASM_FEATURES}`], link: WASM_LINK },
  'wasm/kernels/relaxed.wasm': {
    compile: [...WASM_COMPILE, `-mcpu=${WASM_FEATURES}+relaxed_simd`, '-DRELAXED'],
    link: WASM_LINK,
  },
  '../augment/kernels/resize.wasm': {
    source: 'augment/kernels/resize.c',
    compile: [...WASM_COMPILE, `-mcpu=${WASM_FEATURES}`],
    link: WASM_LINK,
  },
};

/** Kernels for an instruction set. */
interface InstructionSet {
  readonly symbol: string;
  readonly processor: string;
  readonly flags?: readonly string[];
}

/** A library of native code: the addon for any processor of its architecture, the kernels for each of some instruction sets. */
export interface NativeTarget {
  readonly target: string;
  readonly processor: string;
  readonly kernels: readonly InstructionSet[];
  /** Beside the objects, when the library is linked. */
  readonly link?: readonly string[];
}

const AVX2: InstructionSet = { symbol: 'kernels_avx2', processor: 'x86_64_v3' };
/** The compiler would cut vectors of 512 bits in two, as is best where a processor slows down for them. */
const AVX512: InstructionSet = {
  ...{ symbol: 'kernels_avx512', processor: 'x86_64_v4' },
  flags: ['-mprefer-vector-width=512'],
};
const NEON: InstructionSet = { symbol: 'kernels_neon', processor: 'generic' };
const X64 = { processor: 'x86_64', kernels: [AVX2, AVX512] };
const ARM64 = { processor: 'generic', kernels: [NEON] };
/** Node's functions are found in the process that loads the library. */
const DARWIN = { link: ['-Wl,-undefined,dynamic_lookup'] };
/** The oldest system that Node 20 runs on. */
const GLIBC = 'gnu.2.17';
const MACOS = 'macos.11.0';

/** Libraries by their file below src/ml/engines. */
export const NATIVE_TARGETS: Readonly<Record<string, NativeTarget>> = {
  'native/prebuilds/linux-x64/kernels.glibc.node': { target: `x86_64-linux-${GLIBC}`, ...X64 },
  'native/prebuilds/linux-x64/kernels.musl.node': { target: 'x86_64-linux-musl', ...X64 },
  'native/prebuilds/linux-arm64/kernels.glibc.node': { target: `aarch64-linux-${GLIBC}`, ...ARM64 },
  'native/prebuilds/linux-arm64/kernels.musl.node': { target: 'aarch64-linux-musl', ...ARM64 },
  'native/prebuilds/darwin-x64/kernels.node': {
    target: `x86_64-${MACOS}`,
    processor: 'x86_64',
    kernels: [AVX2],
    ...DARWIN,
  },
  'native/prebuilds/darwin-arm64/kernels.node': { target: `aarch64-${MACOS}`, ...ARM64, ...DARWIN },
  'native/prebuilds/win32-x64/kernels.node': { target: 'x86_64-windows-gnu', ...X64 },
};

/** Flags of a C file of a library. */
export const NATIVE_COMPILE = [...COMMON, '-fPIC', '-fvisibility=hidden'];
