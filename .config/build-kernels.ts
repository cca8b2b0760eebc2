/**
 * Compiles the wasm engine's kernels: primitives.h from the table of primitives, then two builds of the same sources, and
 * kernels.json with the digests of what they were made from and of what was made. Needs clang from npm, which
 * `npm run build:kernels` installs; with `--check` it writes nothing and fails when a file is not what clang makes.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BOARD, MOST_THREADS, RECORD_WORDS, SUM_CHUNKS, WINOGRAD, ZEROS } from '../src/ml/engines/kernel-constants.ts';
import { ACTIVATIONS, CONTROLS, PRIMITIVES, type PrimitiveDescription } from '../src/ml/engines/primitives.ts';
import { WASM_TARGET } from '../src/ml/engines/wasm/target.ts';
import { streams } from '../src/ml/random/random.ts';

/** The compiler: 100 MB, so that only who builds kernels installs it (package.json: build:kernels). */
const COMPILER = '@yowasp/clang';

/** What we use of it. */
interface Compiler {
  readonly commands: {
    clang(
      flags: readonly string[] | undefined,
      files: Folder,
      options: { fetchProgress: () => undefined },
    ): Promise<Record<string, unknown> | undefined>;
  };
}

const FOLDER = join(import.meta.dirname, '../src/ml/engines/wasm/kernels');
const BUILDS = { 'simd.wasm': [], 'relaxed.wasm': ['-mrelaxed-simd', '-DRELAXED'] } as const;
const FLAGS = [
  ...['--target=wasm32-unknown-unknown', '-O3', '-std=c2x', '-ffreestanding', '-nostdlib', '-fno-builtin'],
  ...['-fno-math-errno', '-ffp-contract=off', '-msimd128', '-matomics', '-mbulk-memory', '-Wall', '-Wno-psabi'],
  ...['--no-entry', '--import-memory', '--shared-memory', '--max-memory=4294967296', '--strip-all'].map(
    (f) => `-Wl,${f}`,
  ),
  ...['--export=__stack_pointer', '--export=__heap_base', '-z', 'stack-size=65536'].map((flag) => `-Wl,${flag}`),
];
const table = Object.entries<PrimitiveDescription>(PRIMITIVES);

/** `conv-input-gradient` → `conv_input_gradient`. */
const symbol = (name: string): string => name.replaceAll('-', '_');

/** `hard-sigmoid: 5` → `HARD_SIGMOID = 5`. */
const activations = Object.entries(ACTIVATIONS).map(([name, code]) => `${symbol(name).toUpperCase()} = ${code}`);

function struct(name: string, { operands, numbers }: PrimitiveDescription): string {
  if (1 + Object.keys(operands).length + Object.keys(numbers).length > RECORD_WORDS)
    throw new Error(`${name} has too many words`);
  const pointers = Object.entries(operands).map(([operand, access]) =>
    access.startsWith('in') && access !== 'inout' ? `const float *${operand};` : `float *${operand};`,
  );
  const fields = ['int32_t primitive;', ...pointers, ...Object.entries(numbers).map(([n, type]) => `${type} ${n};`)];
  return `typedef struct ${symbol(name)}_op {\n  ${fields.join('\n  ')}\n} ${symbol(name)}_op;\nvoid run_${symbol(name)}(const ${symbol(name)}_op *op, const team *team);\n`;
}

/** Constants of C by their names: what each is, and its value. */
function constants(): readonly (readonly [name: string, value: number | string, meaning: string])[] {
  const { panel, lanes, largestKernel, winograd } = WASM_TARGET;
  const hexadecimal = (value: number): string => `0x${value.toString(16)}u`;
  return [
    ['PANEL', panel, 'output channels of a filter panel'],
    ['LANES', lanes, 'floats of a vector'],
    ['MAX_KERNEL', largestKernel, 'side of the largest kernel of dense and depthwise convolutions'],
    ['CHUNKS', SUM_CHUNKS, 'fixed pieces of a sum over rows'],
    ['ZEROS', ZEROS, 'floats of padding that taps outside an image read'],
    ['MOST_THREADS', MOST_THREADS, 'of a team'],
    ['OPERATION_BYTES', 4 * RECORD_WORDS, 'from one record to the next'],
    ['TILE', WINOGRAD.tile, "output pixels of a side of Winograd's tiles"],
    ['REACH', WINOGRAD.reach, 'input pixels of the same'],
    ['POINTS', WINOGRAD.points, 'products of a tile'],
    [
      'SKEW',
      WINOGRAD.skew,
      'floats between the matrices of two points, so that they do not fall on one set of a cache',
    ],
    ['MOST_WINOGRAD_CHANNELS', winograd.mostChannels, 'of maps that take it: what stacks have room for'],
    ['STREAM_DROPOUT', hexadecimal(streams.dropout), 'random streams of ml/random'],
    ['STREAM_DEPTH', hexadecimal(streams.depth), ''],
  ];
}

const defines = (): string =>
  constants()
    .map(([name, value, meaning]) => `#define ${name} ${value}${meaning && ` // ${meaning}`}`)
    .join('\n');

const fields = (types: Readonly<Record<string, string>>): string =>
  Object.entries(types)
    .map(([name, type]) => `  ${type.endsWith('*') ? type : `${type} `}${name};`)
    .join('\n');

/**
 * Writes primitives.h: constants, activation codes and structs.
 *
 * @returns its text
 */
export function kernelHeader(): string {
  const cases = table.map(([name], index) => `    case ${index}: return run_${symbol(name)}(op, team);`);
  return `// Written by \`npm run build:kernels\` from src/ml/engines: primitives.ts, which says what each primitive computes,
// kernel-constants.ts and wasm/target.ts.
#ifndef PRIMITIVES_H
#define PRIMITIVES_H
#include <stdint.h>

${defines()}

typedef struct team team;

enum { ${activations.join(', ')} };

typedef struct controls {
${fields(CONTROLS)}
} controls;

/// Where a team waits for each other. \`lost\` is 1 once a thread has died, \`patience\` says for how many seconds a silent one
/// is waited for.
typedef struct barrier {
${fields(BOARD.barrier)}
} barrier;

/// Shared by the threads of an engine. \`job\` is the number of the program last started times 256 plus its team's size, in
/// one word so that a thread that wakes late cannot mistake the next team for its own; −1 tells the threads to end.
/// \`ready\`: threads that have come up.
typedef struct board {
  barrier barrier;
${fields(BOARD.fields)}
} board;

${table.map(([name, description]) => struct(name, description)).join('\n')}
/// Runs one operation's share of work of one thread.
static inline void dispatch(const void *op, const team *team) {
  switch (*(const int32_t *)op) {
${cases.join('\n')}
  }
}
#endif
`;
}

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** A folder of the compiler's file system. */
interface Folder {
  [name: string]: string | Folder;
}

/** Puts files into folders. */
function treeOf(files: Readonly<Record<string, string>>): Folder {
  const root: Folder = {};
  for (const [path, content] of Object.entries(files)) {
    const [folder = '', name] = path.split('/');
    const inner = root[folder];
    if (name === undefined) root[folder] = content;
    else root[folder] = { ...(typeof inner === 'object' ? inner : {}), [name]: content };
  }
  return root;
}

/**
 * Reads all that the kernels are made from.
 *
 * @returns text by file name, with the generated `primitives.h` and with `all.c`, which includes every unit
 */
async function readSources(): Promise<Record<string, string>> {
  const names = (await readdir(FOLDER, { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.[ch]$/.test(name) && name !== 'primitives.h')
    .sort();
  const sources: Record<string, string> = { 'primitives.h': kernelHeader() };
  for (const name of names) sources[name] = await readFile(join(FOLDER, name), 'utf8');
  const units = names.filter((name) => name.endsWith('.c'));
  return { ...sources, 'all.c': units.map((name) => `#include "${name}"\n`).join('') };
}

/**
 * The header as the table of primitives wants it, and the digest of all that the kernels are made from: sources, flags,
 * and the version of the compiler, which package.json names. Needs no compiler.
 *
 * @returns text of `primitives.h`; SHA-256 as kernels.json keeps it
 */
export async function kernelSources(): Promise<{ readonly header: string; readonly digest: string }> {
  const sources = await readSources();
  const manifest = await readFile(join(import.meta.dirname, '../package.json'), 'utf8');
  const compiler = /@yowasp\/clang@([\w.-]+)/.exec(manifest)?.[1];
  if (compiler === undefined) throw new Error('build:kernels of package.json names no version of the compiler');
  return { header: kernelHeader(), digest: sha256(JSON.stringify({ compiler, FLAGS, BUILDS, sources })) };
}

/** Builds the header and both wasm files in memory: content by file name, with `kernels.json`. */
async function buildKernels(): Promise<Map<string, string | Uint8Array>> {
  const built = new Map<string, string | Uint8Array>([['primitives.h', kernelHeader()]]);
  const sources = await readSources();
  const { commands } = (await import(COMPILER)) as Compiler;
  // Loads the compiler, without the progress lines that its first use would print.
  await commands.clang(undefined, {}, { fetchProgress: () => undefined });
  for (const [file, flags] of Object.entries(BUILDS)) {
    const files = await commands.clang([...FLAGS, ...flags, 'all.c', '-o', file], treeOf(sources), {
      fetchProgress: () => undefined,
    });
    const wasm = files?.[file];
    if (!(wasm instanceof Uint8Array)) throw new Error(`clang made no ${file}`);
    built.set(file, wasm);
  }
  const digests = Object.fromEntries([...built].map(([name, content]) => [name, sha256(content)]));
  return built.set(
    'kernels.json',
    `${JSON.stringify({ sources: (await kernelSources()).digest, ...digests }, null, 2)}\n`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [name, content] of await buildKernels()) {
    const path = join(FOLDER, name);
    if ((await readFile(path)).equals(Buffer.from(content))) continue;
    const check = process.argv.includes('--check');
    process.stdout.write(`${check ? 'stale: npm run build:kernels writes' : 'written:'} ${path}\n`);
    if (check) process.exitCode = 1;
    else await writeFile(path, content);
  }
