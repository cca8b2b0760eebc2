import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { obstacleHere, obstacleOn } from '../../../../src/ml/engines/self-test/proof.ts';
import { missing, python } from '../../../support/pytorch.ts';

let cache = '';
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'gpu-proof-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

const engine = { description: { device: 'a GPU', version: '1' } };
const verdicts = (): number => readdirSync(join(cache, 'kdpipe', 'verdicts')).length;
/** Arguments of a child that ends like this. */
const ending = (code: string): readonly string[] => ['--eval', code];

describe('the self-test of an engine', () => {
  it('finds nothing wrong with an engine that trains as the reference engine does, and asks once a version', async () => {
    expect(await obstacleOn('wasm', engine)).toBeUndefined();
    expect(verdicts()).toBe(1);
    // The kept verdict answers: no child is started.
    expect(await obstacleOn('wasm', engine, ending('process.exit(3)'))).toBeUndefined();
    const other = { description: { ...engine.description, version: '2' } };
    expect(await obstacleOn('wasm', other, ending('process.exit(3)'))).toMatch(/failed its self-test/);
    expect(await obstacleOn('wasm', other)).toMatch(/failed its self-test/);
  });

  it('keeps no verdict of a child that came to none', async () => {
    const code = "console.error('no memory left'); process.exit(1)";
    expect(await obstacleOn('wasm', engine, ending(code))).toBe('its self-test ended early: no memory left');
    expect(await obstacleOn('wasm', engine)).toBeUndefined();
  });

  it('holds on any number of threads, and says nothing of other devices', async () => {
    expect(await obstacleOn('wasm', { description: { device: 'cpu', threads: 1 } }, ending(''))).toBeUndefined();
    const other = ending('process.exit(3)');
    expect(await obstacleOn('wasm', { description: { device: 'cpu', threads: 2 } }, other)).toBeUndefined();
    expect(await obstacleOn('wasm', { description: { device: 'gpu' } }, other)).toMatch(/failed its self-test/);
  });

  it('finds what is in the way of an engine that is not there in a process of its own', async () => {
    vi.stubEnv('KDPIPE_PYTHON', '/nowhere/python');
    expect(await obstacleHere('pytorch')).toMatch(/^there is no \/nowhere\/python/);
    vi.stubEnv('KDPIPE_TENSORFLOW', '/nowhere');
    expect(await obstacleHere('tensorflow')).toMatch(/where no tfjs_binding\.node lies/);
    expect(await obstacleHere('reference')).toBeUndefined();
  });

  const reason = missing('torch');
  it.skipIf(reason !== undefined)(`holds of PyTorch on a processor${reason ? ` (${reason})` : ''}`, async () => {
    vi.stubEnv('KDPIPE_PYTHON', python);
    expect(await obstacleOn('pytorch', engine)).toBeUndefined();
    expect(verdicts()).toBe(1);
    expect(await obstacleHere('pytorch')).toBeUndefined();
    expect(verdicts()).toBe(2);
    for (const name of readdirSync(join(cache, 'kdpipe', 'verdicts'))) {
      const path = join(cache, 'kdpipe', 'verdicts', name);
      writeFileSync(path, readFileSync(path, 'utf8').replace('"good"', '"bad"'));
    }
    // The kept verdict answers.
    expect(await obstacleHere('pytorch')).toMatch(/failed its self-test/);
  });
});
