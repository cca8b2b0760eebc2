import { afterEach, describe, expect, it, vi } from 'vitest';
import { findCompiler, findPython, requireMachine } from '../../../../../src/ml/engines/tensorflow/install/tools.ts';

afterEach(() => vi.unstubAllEnvs());

const ended = { found: true, status: 0, output: '', said: '' };
/** A machine that has these programs alone; of Python, these modules. */
const having =
  (programs: readonly string[], modules: readonly string[] = []) =>
  (command: string, args: readonly string[]) => {
    const found = programs.includes(command);
    const isThere = found && (args[0] !== '-m' || modules.includes(args[1] ?? ''));
    return Promise.resolve({ ...ended, found, status: isThere ? 0 : 1 });
  };

describe('requireMachine', () => {
  const linux = { platform: 'linux', arch: 'x64', glibc: '2.36' };

  it.each([[linux], [{ ...linux, glibc: '2.27' }], [{ ...linux, glibc: '3.0' }]])(
    'takes Linux on x64 with a glibc that wheels run with: %o',
    (machine) => {
      expect(() => requireMachine(machine)).not.toThrow();
    },
  );

  it.each([
    [{ platform: 'darwin', arch: 'arm64', glibc: undefined }, 'this is darwin on arm64'],
    [{ platform: 'win32', arch: 'x64', glibc: undefined }, 'this is win32 on x64'],
    [{ ...linux, arch: 'arm64' }, 'this is linux on arm64'],
    [{ ...linux, glibc: undefined }, 'another C library than glibc'],
    [{ ...linux, glibc: '2.17' }, 'glibc 2.17'],
  ])('refuses %o, and says why', (machine, why) => {
    expect(() => requireMachine(machine)).toThrow(why);
  });
});

describe('findPython', () => {
  it('takes the one that is asked for, else KDPIPE_PYTHON, else python3', async () => {
    vi.stubEnv('KDPIPE_PYTHON', undefined);
    const run = having(['python3', 'mine', 'other'], ['pip']);
    expect(await findPython(undefined, true, run)).toBe('python3');
    vi.stubEnv('KDPIPE_PYTHON', 'mine');
    expect(await findPython(undefined, true, run)).toBe('mine');
    expect(await findPython('other', true, run)).toBe('other');
  });

  it('wants pip only where something is to be fetched', async () => {
    const run = having(['bare']);
    expect(await findPython('bare', false, run)).toBe('bare');
    await expect(findPython('bare', true, run)).rejects.toThrow('bare has no pip');
    await expect(findPython('none', false, run)).rejects.toThrow('there is no none');
  });
});

describe('findCompiler', () => {
  it('takes CXX, else the first that runs', async () => {
    vi.stubEnv('CXX', undefined);
    expect(await findCompiler(having(['clang++', 'g++']))).toBe('g++');
    vi.stubEnv('CXX', 'clang++');
    expect(await findCompiler(having(['clang++', 'g++']))).toBe('clang++');
  });

  it('names the package that brings one', async () => {
    vi.stubEnv('CXX', undefined);
    await expect(findCompiler(having([]))).rejects.toMatchObject({
      failures: [{ code: 'no-compiler', fix: expect.stringContaining('apt install g++') as string }],
    });
  });
});
