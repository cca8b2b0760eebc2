import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assetPath } from '../../../util/package-root.ts';

/** Instruction sets that the kernels are compiled for. */
export type NativeKernels = 'avx512' | 'avx2' | 'neon';

/** What the library exports (kernels/native/addon.c). Offsets and sizes are bytes. */
export interface Addon {
  /** Those that this processor can run, the best first. */
  kernels(): readonly NativeKernels[];
  /** Whether these kernels compute with bfloat16 on this processor. */
  hasBfloat16(kernels: NativeKernels): boolean;
  open(kernels: NativeKernels, bytes: number): { readonly engine: unknown; readonly address: number };
  view(engine: unknown, from: number, bytes: number): ArrayBuffer;
  commit(engine: unknown, bytes: number): void;
  setUp(engine: unknown, controls: number, zeros: number, scratch: number): void;
  start(engine: unknown, threads: number): void;
  run(engine: unknown, program: number, operations: number, threads: number): void;
  close(engine: unknown): void;
}

/** A library that can be used, or why there is none: a half sentence that may follow a colon. */
export type LibraryResult =
  | { readonly addon: Addon; readonly kernels: NativeKernels; readonly digest: string }
  | { readonly unavailable: string };

/** What is compiled lies below this folder, libraries as `native/prebuilds/<platform>-<arch>/kernels[.<libc>].node`. */
const FOLDER = 'src/ml/engines';
/** SHA-256 of what was compiled. */
const MANIFEST = 'kernels/kernels.json';

interface Manifest {
  readonly files?: Readonly<Record<string, string>>;
}

const FUNCTIONS: readonly (keyof Addon)[] = [
  'kernels',
  'hasBfloat16',
  'open',
  'view',
  'commit',
  'setUp',
  'start',
  'run',
  'close',
];

function isAddon(loaded: unknown): loaded is Addon {
  if (typeof loaded !== 'object' || loaded === null) return false;
  const found = new Map<string, unknown>(Object.entries(loaded));
  return FUNCTIONS.every((name) => typeof found.get(name) === 'function');
}

/** The C library of this Linux: what Node was linked with. */
function libc(): 'glibc' | 'musl' {
  const { header } = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: unknown } };
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

/**
 * The library of this platform.
 *
 * @returns its path below src/ml/engines
 */
export function libraryName(): string {
  const { platform, arch } = process;
  return `native/prebuilds/${platform}-${arch}/kernels${platform === 'linux' ? `.${libc()}` : ''}.node`;
}

/** Reads a file below src/ml/engines; undefined where there is none. */
export type ReadLibrary = (name: string) => Buffer | undefined;

const fromPackage: ReadLibrary = (name) => {
  const path = assetPath(`${FOLDER}/${name}`);
  return existsSync(path) ? readFileSync(path) : undefined;
};

/** Makes a library's functions ready. */
export type LoadLibrary = (name: string) => unknown;

const load: LoadLibrary = (name) => createRequire(import.meta.url)(assetPath(`${FOLDER}/${name}`)) as unknown;

/**
 * Loads the library of this platform.
 *
 * @param asked - name of the kernels; the best that this processor can run by default
 * @param name - of its file
 * @param read - gives files
 * @param open - loads one
 * @returns the library, and its kernels
 */
export function loadLibrary(
  asked?: string,
  name = libraryName(),
  read: ReadLibrary = fromPackage,
  open: LoadLibrary = load,
): LibraryResult {
  const bytes = read(name);
  if (bytes === undefined) return { unavailable: `there is no library for ${process.platform} on ${process.arch}` };
  const { files } = JSON.parse(read(MANIFEST)?.toString('utf8') ?? '{}') as Manifest;
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (files?.[name] !== digest)
    return { unavailable: `${name} is not the library that kdpipe came with: install it again` };
  try {
    const addon = open(name);
    if (!isAddon(addon)) return { unavailable: `${name} is no library of kdpipe` };
    const able = addon.kernels();
    if (able.length === 0) return { unavailable: 'this processor lacks AVX2 and FMA' };
    const kernels = asked ? able.find((name) => name === asked) : able[0];
    return kernels === undefined
      ? { unavailable: `KDPIPE_NATIVE is "${asked}", and this processor can run ${able.join(', ')}` }
      : { addon, kernels, digest };
  } catch (error) {
    return { unavailable: `${name} does not load: ${error instanceof Error ? error.message : String(error)}` };
  }
}
