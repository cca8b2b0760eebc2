/**
 * Compiles the C kernels: primitives.h from the table of primitives, then every build of the same sources, and kernels.json
 * with the digests of what they were made from and of what was made. Needs python3 and PyPI for the compiler; with `--check`
 * it writes nothing and fails when a file is not what the compiler makes. Names of files choose among them.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileNative, compileWasm, openCompiler, type Compiler } from './kernels/compile.ts';
import { kernelHeader } from './kernels/header.ts';
import { ENGINES, sha256, sourceDigest } from './kernels/sources.ts';
import { NATIVE_TARGETS, WASM_TARGETS } from './kernels/targets.ts';

const HEADER = 'kernels/primitives.h';

/** Names of all that is compiled, below src/ml/engines. */
export const BUILT = [...Object.keys(WASM_TARGETS), ...Object.keys(NATIVE_TARGETS)];

/**
 * Compiles kernels.
 *
 * @param compiler - ready; disposed of at the end
 * @param names - which builds
 * @returns content by name
 */
export async function buildKernels(
  compiler: Compiler,
  names: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  try {
    const built = new Map<string, Uint8Array>();
    for (const name of names) {
      const [wasm, native] = [WASM_TARGETS[name], NATIVE_TARGETS[name]];
      if (wasm) built.set(name, await compileWasm(compiler, wasm));
      if (native) built.set(name, await compileNative(compiler, native));
    }
    return built;
  } finally {
    await compiler.dispose();
  }
}

async function differs(path: string, content: string | Uint8Array): Promise<boolean> {
  const there = await readFile(path).catch(() => null);
  return there === null || !there.equals(Buffer.from(content));
}

async function put(name: string, content: string | Uint8Array, check: boolean): Promise<void> {
  const path = join(ENGINES, name);
  if (!(await differs(path, content))) return;
  process.stdout.write(`${check ? 'stale: npm run build:kernels writes' : 'written:'} ${name}\n`);
  if (check) process.exitCode = 1;
  else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** The manifest as it should be: files that were not built now keep their digests. */
async function manifestOf(files: ReadonlyMap<string, string | Uint8Array>): Promise<string> {
  const digests: Record<string, string> = {};
  for (const name of [HEADER, ...BUILT])
    digests[name] = sha256(files.get(name) ?? (await readFile(join(ENGINES, name))));
  return `${JSON.stringify({ sources: await sourceDigest(), files: digests }, null, 2)}\n`;
}

async function main(args: readonly string[]): Promise<void> {
  const check = args.includes('--check');
  const words = args.filter((word) => word !== '--check');
  const names = BUILT.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  const header = kernelHeader();
  if (!check) await put(HEADER, header, check); // what is compiled reads it
  const files = new Map<string, string | Uint8Array>([
    [HEADER, header],
    ...(await buildKernels(await openCompiler(), names)),
  ]);
  for (const [name, content] of files) await put(name, content, check);
  await put('kernels/kernels.json', await manifestOf(files), check);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
