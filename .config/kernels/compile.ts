/**
 * Runs the compiler. It and Node's headers are fetched when they are first needed, into node_modules/.cache: 440 MB, for those
 * who build kernels.
 */
import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KERNELS, ML, oneUnit, readSources } from './sources.ts';
import { NATIVE_COMPILE, NODE_API_HEADERS, WARNINGS, ZIG, type NativeTarget, type WasmTarget } from './targets.ts';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/kdpipe-kernels');

/** A compiler that is ready, and a folder for what it makes. */
export interface Compiler {
  readonly zig: (...args: readonly string[]) => Promise<unknown>;
  readonly folder: string;
  /** Of Node-API: include/, def/. */
  readonly headers: string;
  /** All kernels in one C file. */
  readonly unit: string;
  dispose(): Promise<void>;
}

/** Python of the environment that holds the compiler, which is made where it is missing. */
async function python(): Promise<string> {
  const environment = join(CACHE, `zig-${ZIG}`);
  const found = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (existsSync(join(environment, 'ready'))) return found;
  await mkdir(CACHE, { recursive: true });
  await execa(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', '--clear', environment]);
  await execa(found, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `ziglang==${ZIG}`]);
  await writeFile(join(environment, 'ready'), '');
  return found;
}

/** Folder of the headers of Node-API, which are fetched where they are missing. */
async function nodeHeaders(): Promise<string> {
  const folder = join(CACHE, `headers-${NODE_API_HEADERS}`);
  const headers = join(folder, 'node_modules/node-api-headers');
  if (existsSync(join(headers, 'include'))) return headers;
  await mkdir(folder, { recursive: true });
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  await execa('npm', ['install', ...flags, `node-api-headers@${NODE_API_HEADERS}`]);
  return headers;
}

/**
 * Makes the compiler ready.
 *
 * @returns the compiler; the caller disposes it
 * @throws Error when there is no Python, or PyPI or npm cannot be reached
 */
export async function openCompiler(): Promise<Compiler> {
  const [program, headers] = [await python(), await nodeHeaders()];
  const folder = await mkdtemp(join(tmpdir(), 'kdpipe-kernels-'));
  const env = { ZIG_GLOBAL_CACHE_DIR: join(CACHE, 'zig-global'), ZIG_LOCAL_CACHE_DIR: join(folder, 'zig-cache') };
  const unit = join(folder, 'kernels.c');
  await writeFile(unit, oneUnit(await readSources()));
  return {
    zig: (...args) => execa(program, ['-m', 'ziglang', ...args], { env, cwd: folder }),
    folder,
    headers,
    unit,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Compiles the kernels to WebAssembly.
 *
 * @param compiler - ready
 * @param target - which build
 * @returns the module
 */
export async function compileWasm({ zig, folder, unit }: Compiler, target: WasmTarget): Promise<Uint8Array> {
  const [object, module] = [join(folder, 'wasm.o'), join(folder, 'kernels.wasm')];
  const source = target.source === undefined ? unit : join(ML, target.source);
  await zig('cc', ...target.compile, ...WARNINGS, `-I${KERNELS}`, '-c', source, '-o', object);
  await zig('wasm-ld', ...target.link, object, '-o', module);
  return readFile(module);
}

/** What a Windows library names as the file that has Node's functions. */
async function windowsImports({ zig, folder, headers }: Compiler): Promise<readonly string[]> {
  const library = join(folder, 'node.lib');
  const definition = join(headers, 'def/node_api.def');
  await zig('dlltool', '-m', 'i386:x86-64', '-d', definition, '-l', library, '-D', 'node.exe');
  return [library, '-lapi-ms-win-core-synch-l1-2-0'];
}

/**
 * Compiles the kernels to a library that Node loads.
 *
 * @param compiler - ready
 * @param native - for what
 * @returns the library
 */
export async function compileNative(compiler: Compiler, native: NativeTarget): Promise<Uint8Array> {
  const { zig, folder, headers, unit } = compiler;
  const { target, processor, kernels, link = [] } = native;
  const [addon, library] = [join(folder, 'addon.o'), join(folder, 'kernels.node')];
  const flags = ['-target', target, ...NATIVE_COMPILE, ...WARNINGS, `-I${KERNELS}`, `-I${join(headers, 'include')}`];
  const objects = [addon];
  for (const { symbol, processor: wanted, flags: more = [] } of kernels) {
    const object = join(folder, `${symbol}.o`);
    await zig('cc', ...flags, `-mcpu=${wanted}`, ...more, `-DKERNELS=${symbol}`, '-c', unit, '-o', object);
    objects.push(object);
  }
  await zig('cc', ...flags, `-mcpu=${processor}`, '-c', join(KERNELS, 'native/addon.c'), '-o', addon);
  const imports = target.includes('windows') ? await windowsImports(compiler) : [];
  await zig('cc', '-target', target, '-shared', '-s', ...objects, ...imports, ...link, '-o', library);
  return readFile(library);
}
