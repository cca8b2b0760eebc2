import { fail } from '../../../../core/failure.ts';
import { runProgram, type ProgramEnd } from '../../../../util/run-program.ts';

/** A machine, as far as wheels and modules depend on it. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Version of glibc; undefined with another C library, or none. */
  readonly glibc: string | undefined;
}

/**
 * What this machine is.
 *
 * @returns its platform and C library
 */
export function thisMachine(): Machine {
  const { header } = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return { platform: process.platform, arch: process.arch, glibc: header?.glibcVersionRuntime };
}

const WANTED_GLIBC = [2, 27] as const;

/** Whether a glibc is what wheels for manylinux_2_27 run with. */
function isRecentGlibc(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > WANTED_GLIBC[0] || (major === WANTED_GLIBC[0] && minor >= WANTED_GLIBC[1]);
}

/** What of a machine is in the way of an installation; undefined where nothing is. */
function obstacleOf({ platform, arch, glibc }: Machine): string | undefined {
  if (platform !== 'linux' || arch !== 'x64') return `this is ${platform} on ${arch}`;
  if (glibc === undefined) return 'this Linux has another C library than glibc';
  return isRecentGlibc(glibc) ? undefined : `this Linux has glibc ${glibc}`;
}

/**
 * Refuses a machine for which no installation has been tried.
 *
 * @param machine - this one by default
 * @throws FailureError `not-installable`
 */
export function requireMachine(machine: Machine = thisMachine()): void {
  const obstacle = obstacleOf(machine);
  if (obstacle === undefined) return;
  fail({
    code: 'not-installable',
    message: `the tensorflow engine cannot be installed: ${obstacle}`,
    expected: `Linux on x64 with glibc ${WANTED_GLIBC.join('.')} or later; nothing else has been tried`,
    fix: 'engine: native runs here, and engine: pytorch wherever PyTorch does',
  });
}

/** Runs a program that has to be there; its failure says what else there is to do. */
type Find = (command: string, args: readonly string[]) => Promise<ProgramEnd>;

/**
 * Finds a Python, for pip and for unpacking wheels.
 *
 * @param asked - path of one; KDPIPE_PYTHON, else the first python3 by default
 * @param needsPip - whether something is to be downloaded
 * @param run - runs programs
 * @returns its command
 * @throws FailureError `no-python`, `no-pip`
 */
export async function findPython(
  asked: string | undefined,
  needsPip: boolean,
  run: Find = runProgram,
): Promise<string> {
  const python = asked ?? process.env['KDPIPE_PYTHON'] ?? 'python3';
  const { found, status } = await run(python, ['-c', 'import zipfile']);
  if (!found || status !== 0)
    fail({
      code: 'no-python',
      message: found ? `${python} does not run` : `there is no ${python}`,
      expected: 'a Python 3, whose pip fetches the wheels and which unpacks them; it need not have TensorFlow',
      fix: 'apt install python3 python3-pip (or dnf), or --python PATH',
    });
  if (!needsPip) return python;
  const pip = await run(python, ['-m', 'pip', '--version']);
  if (pip.status === 0) return python;
  return fail({
    code: 'no-pip',
    message: `${python} has no pip`,
    expected: 'pip, which fetches the wheels',
    fix: `apt install python3-pip, or ${python} -m ensurepip, or --python PATH names another Python, or --wheel FILE a wheel that is here`,
  });
}

/**
 * Finds a compiler of C++17.
 *
 * @param run - runs programs
 * @returns its command: that of CXX, else the first of c++, g++ and clang++ that runs
 * @throws FailureError `no-compiler`
 */
export async function findCompiler(run: Find = runProgram): Promise<string> {
  const asked = process.env['CXX'];
  for (const compiler of asked ? [asked] : ['c++', 'g++', 'clang++'])
    if ((await run(compiler, ['--version'])).status === 0) return compiler;
  return fail({
    code: 'no-compiler',
    message: asked ? `CXX is ${asked}, which does not run` : 'there is no compiler of C++ (c++, g++, clang++)',
    expected: 'one that knows C++17: it makes two files a module of Node',
    fix: 'apt install g++ (Debian, Ubuntu), dnf install gcc-c++ (Fedora, RHEL), zypper install gcc-c++, or CXX=PATH',
  });
}
