import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadLibrary } from '../../../../src/ml/engines/native/library.ts';
import { nativeIsProven, type Try } from '../../../../src/ml/engines/native/proof.ts';

const library = loadLibrary();
let kernels = 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-proof-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const kept = () => readdirSync(join(folder, 'kdpipe/verdicts'));
/** Kernels that nobody has asked about in this process. */
const others = () => ({ kernels: 'avx2', digest: String(++kernels) }) as const;
/** Asks for a proof whose children end as told, one after the other; gives the answer and how many there were. */
function ask(what: ReturnType<typeof others>, ...ends: readonly ReturnType<Try>[]): readonly [boolean, number] {
  let children = 0;
  const answer = nativeIsProven(what, () => ends[children++]);
  return [answer, children];
}

describe('nativeIsProven', () => {
  it('asks a child, once', () => {
    const what = others();
    expect(ask(what, 'good')).toEqual([true, 1]);
    expect(ask(what)).toEqual([true, 0]);
    expect(kept()).toHaveLength(1);
  });

  it('keeps what went wrong', () => {
    const what = others();
    expect(ask(what, 'bad')).toEqual([false, 1]);
    expect(ask(what)).toEqual([false, 0]);
    const text = readFileSync(join(folder, 'kdpipe/verdicts', kept()[0] ?? ''), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ verdict: 'bad', kernels: 'avx2', library: what.digest });
  });

  it('does without, and keeps nothing, where it could not be found out', () => {
    expect(ask(others(), undefined)).toEqual([false, 1]);
    expect(existsSync(join(folder, 'kdpipe'))).toBe(false);
  });

  it('asks once a process where nothing can be kept', () => {
    writeFileSync(join(folder, 'kdpipe'), 'a file where the folder would be');
    const what = others();
    expect(ask(what, 'good')).toEqual([true, 1]);
    expect(ask(what)).toEqual([true, 0]);
  });
});

describe.skipIf('unavailable' in library)('the child', () => {
  it('lives, and finds the same bits, in this Node as it comes', () => {
    const child = spawnSync(process.execPath, ['dist/ml/engines/native/prove.js'], { encoding: 'utf8' });
    expect(child).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});
