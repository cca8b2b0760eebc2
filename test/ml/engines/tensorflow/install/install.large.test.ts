import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedTensorFlow } from '../../../../../src/ml/engines/tensorflow/installed.ts';
import { fetchPackage, fetchWheel } from '../../../../../src/ml/engines/tensorflow/install/fetching.ts';
import { findCompiler, findPython, requireMachine } from '../../../../../src/ml/engines/tensorflow/install/tools.ts';
import { proveInstallation } from '../../../../../src/ml/engines/tensorflow/proof.ts';
import { SOURCES, TENSORFLOW, WHEELS } from '../../../../../src/ml/engines/tensorflow/release.ts';
import { Project } from '../../../../support/project.ts';

/** Files of the registries that are kept from one run of the tests to the next. */
const shelf = join(process.env['KDPIPE_TEST_KEPT'] ?? '', 'tensorflow');

/** The real files, where tests with TensorFlow are wanted; else what is in the way. */
async function fetchAll(): Promise<{ readonly wheel: string } | { readonly missing: string }> {
  if (process.env['KDPIPE_TENSORFLOW'] === undefined) return { missing: '.ci/tensorflow does it, and fetches 262 MiB' };
  try {
    requireMachine();
    await findCompiler();
    const python = await findPython(undefined, true);
    const fetching = { folder: shelf, shelf: undefined };
    for (const source of Object.values(SOURCES)) await fetchPackage(source, fetching);
    return { wheel: await fetchWheel(WHEELS.cpu[0], fetching, python, () => undefined) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

const fetched = await fetchAll();
if ('missing' in fetched) process.stderr.write(`SKIPPED: no TensorFlow is installed: ${fetched.missing}\n`);
const project = new Project();
const engines = project.path('cache/kdpipe/engines');
const environment = { XDG_CACHE_HOME: project.path('cache') };
const wheel = 'wheel' in fetched ? fetched.wheel : '';
const install = (...words: readonly string[]) =>
  project.runWith(environment, 'engine', 'install', 'tensorflow', '--wheel', wheel, ...words);

beforeAll(() => mkdirSync(engines, { recursive: true }));
afterAll(() => project.remove());

describe.skipIf('missing' in fetched)('kdpipe engine', () => {
  it('goes on where an installation was killed, and then has all of it', async () => {
    const marks = join(engines, `.tensorflow-${TENSORFLOW}-cpu`, 'marks');
    const killed = spawn(process.execPath, ['dist/cli/main.js', 'engine', 'install', 'tensorflow', '--wheel', wheel], {
      env: { ...process.env, ...environment },
      stdio: 'ignore',
      detached: true,
    });
    const ended = new Promise((resolve) => killed.once('exit', resolve));
    await expect.poll(() => (existsSync(marks) ? readdirSync(marks) : [])).not.toHaveLength(0);
    process.kill(-(killed.pid ?? NaN), 'SIGKILL');
    await ended;
    expect(project.runWith(environment, 'engine', 'list').stdout).toMatch(/CPU +half made/);

    const { code, stdout, stderr } = install();
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(engines, `tensorflow-${TENSORFLOW}-cpu`)}\n` });
    expect(stderr).toContain('1/5 @tensorflow/tfjs-node 4.22.0 (223 KiB): done before');
    expect(stderr).toContain('5/5 self-test in a process of its own\n');
    expect(readdirSync(engines)).toEqual([`tensorflow-${TENSORFLOW}-cpu`]);
    expect(existsSync(wheel)).toBe(true);
    expect(install().stderr).toBe(`TensorFlow ${TENSORFLOW} is installed\n`);
  });

  it('makes a module that computes right in every version of Node', async () => {
    const before = process.env['KDPIPE_TENSORFLOW'];
    process.env['KDPIPE_TENSORFLOW'] = join(engines, `tensorflow-${TENSORFLOW}-cpu`);
    const found = installedTensorFlow();
    process.env['KDPIPE_TENSORFLOW'] = before;
    if (before === undefined) delete process.env['KDPIPE_TENSORFLOW'];
    if ('unavailable' in found) throw new Error(found.unavailable);
    expect(found).toMatchObject({ version: TENSORFLOW, gpu: false });
    expect(await proveInstallation(dirname(found.module))).toEqual({ version: TENSORFLOW, gpu: false });
    for (const version of ['20', '22', '24']) {
      const words = ['--yes', `node@${version}`, 'dist/ml/engines/self-test/prove.js', 'tensorflow'];
      const env = { ...process.env, KDPIPE_TENSORFLOW: dirname(found.module) };
      const { status, stdout } = spawnSync('npx', words, { encoding: 'utf8', env });
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ tensorflow: TENSORFLOW, device: 'cpu' });
    }
  });

  it('lists and removes it', () => {
    const [found] = JSON.parse(project.runWith(environment, 'engine', 'list', '--json').stdout) as [{ bytes: number }];
    // What is said before is what it takes.
    expect(found).toMatchObject({ engine: 'tensorflow', version: TENSORFLOW, gpu: false, whole: true });
    expect(Math.abs(found.bytes / WHEELS.cpu[0].unpacked - 1)).toBeLessThan(0.1);
    expect(project.runWith(environment, 'engine', 'remove', 'tensorflow').code).toBe(0);
    expect(readdirSync(engines)).toEqual([]);
    expect(project.runWith(environment, 'engine', 'list').stderr).toMatch(/^nothing is installed/);
  });

  it('says how to do without a network where pip and npm reach none', () => {
    const offline = { ...environment, PIP_INDEX_URL: 'http://127.0.0.1:1/simple', PIP_RETRIES: '1', PIP_NO_INDEX: '' };
    const npm = { npm_config_registry: 'http://127.0.0.1:1', npm_config_fetch_retries: '0' };
    const pip = project.runWith(offline, 'engine', 'install', 'tensorflow');
    expect(pip.code).toBe(2);
    expect(pip.stderr).toMatch(/pip reaches no registry for tensorflow-cpu.*\[host-unreachable\]/);
    rmSync(join(engines, `.tensorflow-${TENSORFLOW}-cpu`), { recursive: true });
    const { code, stderr } = project.runWith({ ...environment, ...npm }, 'engine', 'install', 'tensorflow');
    expect(code).toBe(2);
    expect(stderr).toMatch(/npm reaches no registry for @tensorflow\/tfjs-node.*\[host-unreachable\]/);
    expect(stderr).toMatch(/fix: .*--wheel/);
  });
});
