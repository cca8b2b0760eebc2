import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kernelBuild } from '../../../../src/ml/engines/wasm/kernel-build.ts';
import { joiningIsProven, type Try } from '../../../../src/ml/engines/wasm/proof.ts';
import { joinFlag, thisV8 } from '../../../../src/ml/engines/wasm/v8-flags.ts';

const build = kernelBuild('simd');
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
/** Asks for a proof whose children end as told, one after the other; gives the answer and how many there were. */
function ask(...ends: readonly ReturnType<Try>[]): readonly [boolean, number] {
  let children = 0;
  const answer = joiningIsProven(build, () => ends[children++]);
  return [answer, children];
}

describe('joiningIsProven', () => {
  it('asks one child for each way to the optimising compiler, once', () => {
    expect(ask('good', 'good')).toEqual([true, 2]);
    expect(ask()).toEqual([true, 0]);
    expect(kept()).toHaveLength(1);
  });

  it('keeps what went wrong, once', () => {
    expect(ask('good', 'bad')).toEqual([false, 2]);
    expect(ask()).toEqual([false, 0]);
    const text = readFileSync(join(folder, 'kdpipe/verdicts', kept()[0] ?? ''), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ verdict: 'bad', node: process.versions.node, simd: 'plain' });
  });

  it('does without, and asks again next time, where it could not be found out', () => {
    expect(ask(undefined)).toEqual([false, 1]);
    expect(ask('good', undefined)).toEqual([false, 2]);
    expect(ask('good', 'good')).toEqual([true, 2]);
  });

  it('asks each time where nothing can be kept, and minds no more than that', () => {
    writeFileSync(join(folder, 'kdpipe'), 'a file where the folder would be');
    expect(ask('good', 'good')).toEqual([true, 2]);
    expect(ask('bad')).toEqual([false, 1]);
  });

  it('keeps verdicts of other kernels apart', () => {
    expect(ask('bad')).toEqual([false, 1]);
    const others = { ...build, bytes: Uint8Array.from([...build.bytes, 0, 2, 1, 0x79]) };
    expect(joiningIsProven(others, () => 'good')).toBe(true);
  });

  it.runIf(joinFlag(thisV8()) !== null)('comes to a verdict on this V8 that stays', () => {
    const verdict = joiningIsProven(build);
    expect(kept()).toHaveLength(1);
    expect(joiningIsProven(build)).toBe(verdict);
  });
});

describe('the child', () => {
  it('lives, and finds the same bits, in this V8 as it comes', () => {
    const child = spawnSync(process.execPath, ['dist/ml/engines/wasm/prove.js', 'relaxed'], { encoding: 'utf8' });
    expect(child).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});
