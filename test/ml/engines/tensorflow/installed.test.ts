import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installedTensorFlow } from '../../../../src/ml/engines/tensorflow/installed.ts';
import { folderName, type Variant } from '../../../../src/ml/engines/tensorflow/release.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'installed-'));
  vi.stubEnv('XDG_CACHE_HOME', home);
  vi.stubEnv('KDPIPE_TENSORFLOW', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

/** A folder with a module's name in it; what it says of itself, where it says anything. */
function installation(folder: string, note?: { readonly version: string; readonly gpu: boolean }): string {
  const path = join(home, folder);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'tfjs_binding.node'), '');
  if (note) writeFileSync(join(path, 'installed.json'), JSON.stringify(note));
  return join(path, 'tfjs_binding.node');
}

const kept = (variant: Variant): string =>
  installation(join('kdpipe', 'engines', folderName(variant)), { version: '2.21.0', gpu: variant === 'cuda' });

describe('installedTensorFlow', () => {
  it('says how to install it where it is not', () => {
    expect(installedTensorFlow()).toEqual({ unavailable: expect.stringMatching(/kdpipe engine install tensorflow/) });
  });

  it('finds the installation of the cache folder, one for GPUs first', () => {
    const cpu = kept('cpu');
    expect(installedTensorFlow()).toEqual({ module: cpu, version: '2.21.0', gpu: false });
    const cuda = kept('cuda');
    expect(installedTensorFlow()).toEqual({ module: cuda, version: '2.21.0', gpu: true });
  });

  it('does not find what is half made', () => {
    installation(join('kdpipe', 'engines', `.${folderName('cpu')}`, 'installation'));
    expect(installedTensorFlow()).toHaveProperty('unavailable');
  });

  it.each(['mine', join('mine', 'lib', 'napi-v8')])('takes that of KDPIPE_TENSORFLOW first, in %s', (folder) => {
    kept('cpu');
    const module = installation(folder);
    vi.stubEnv('KDPIPE_TENSORFLOW', join(home, 'mine'));
    expect(installedTensorFlow()).toEqual({ module, version: 'unknown', gpu: false });
  });

  it('refuses a KDPIPE_TENSORFLOW without a module, whatever else is installed', () => {
    kept('cpu');
    vi.stubEnv('KDPIPE_TENSORFLOW', join(home, 'nowhere'));
    expect(installedTensorFlow()).toEqual({ unavailable: expect.stringMatching(/nowhere", where no tfjs_binding/) });
  });

  it('takes that of a peer dependency where there is no other, one for GPUs first', () => {
    const peers = new Map(
      ['tfjs-node', 'tfjs-node-gpu'].map((name) => [
        `@tensorflow/${name}/package.json`,
        join(dirname(installation(join(name, 'lib', 'napi-v8'))), '..', '..', 'package.json'),
      ]),
    );
    const resolved = (name: string): string => {
      const path = peers.get(name);
      if (path === undefined) throw new Error(`Cannot find module '${name}'`);
      return path;
    };
    const module = (name: string): string => join(home, name, 'lib', 'napi-v8', 'tfjs_binding.node');
    expect(installedTensorFlow(resolved)).toEqual({ module: module('tfjs-node-gpu'), version: 'unknown', gpu: true });
    peers.delete('@tensorflow/tfjs-node-gpu/package.json');
    expect(installedTensorFlow(resolved)).toEqual({ module: module('tfjs-node'), version: 'unknown', gpu: false });
    const cpu = kept('cpu');
    expect(installedTensorFlow(resolved)).toMatchObject({ module: cpu });
  });
});
