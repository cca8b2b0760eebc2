import { join } from 'node:path';
import { extract } from 'tar';
import { mkdirSync } from 'node:fs';
import { fail } from '../../../../core/failure.ts';
import { MODULE } from '../installed.ts';
import { lastWords, runProgram } from '../../../../util/run-program.ts';

/** Where what is compiled lies. */
export interface Compilation {
  readonly compiler: string;
  /** Folder of @tensorflow/tfjs-node, of node-api-headers, and of TensorFlow's headers. */
  readonly module: string;
  readonly headers: string;
  readonly include: string;
  /** The installation, which has `tensorflow/`. */
  readonly installation: string;
}

/**
 * Unpacks an archive of npm.
 *
 * @param file - the archive
 * @param to - folder; made
 */
export async function unpackPackage(file: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  await extract({ file, cwd: to, strip: 1 });
}

/**
 * Compiles the module of Node: two files, with Node-API alone, so that all versions of Node load it. It finds TensorFlow's
 * libraries by their place beside it, as these find CUDA's.
 *
 * @param compilation - where everything lies
 * @throws FailureError `not-compiled`
 */
export async function compileModule(compilation: Compilation): Promise<void> {
  const { compiler, module, headers, include, installation } = compilation;
  const libraries = join(installation, 'tensorflow');
  const { status, said } = await runProgram(compiler, [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', '-w', '-DNAPI_VERSION=8'],
    ...[`-I${join(headers, 'include')}`, `-I${include}`],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(module, 'binding', name)),
    ...[`-L${libraries}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    '-Wl,-rpath,$ORIGIN/tensorflow',
    ...['-o', join(installation, MODULE)],
  ]);
  if (status === 0) return;
  fail({
    code: 'not-compiled',
    message: `${compiler} did not compile the module of TensorFlow: ${lastWords(said)}`,
    expected: 'a compiler that knows C++17, with its standard library (GCC 9 or later, Clang 10 or later)',
    fix: 'CXX=PATH names another one',
  });
}
