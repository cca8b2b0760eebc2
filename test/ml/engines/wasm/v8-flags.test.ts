import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { relaxedFlag } from '../../../../src/ml/engines/wasm/v8-flags.ts';

/** What this Node prints when flags are set while it runs. */
function complaints(flags: readonly string[]): string {
  const body = `for (const flag of ${JSON.stringify(flags)}) require('node:v8').setFlagsFromString(flag)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', body], { encoding: 'utf8' });
  return stdout + stderr;
}

describe('relaxedFlag', () => {
  it('asks the V8 of Node 20, which has relaxed SIMD behind a flag, and not those of Node 22 and 24', () => {
    const versions = ['11.3.244.8-node.38', '12.4.254.21-node.57', '13.6.233.17-node.53'];
    expect(versions.map((version) => relaxedFlag({ version }))).toEqual([
      '--experimental-wasm-relaxed-simd',
      null,
      null,
    ]);
  });

  it('is a flag that this V8 takes without complaint, as it would not take an unknown one', () => {
    const flag = relaxedFlag({ version: process.versions.v8 });
    expect(complaints(flag === null ? [] : [flag])).toBe('');
    expect(complaints(['--no-such-flag'])).toContain('unrecognized flag --no-such-flag');
  });
});
