import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { relaxedFlag } from '../../../../src/ml/engines/wasm/relaxed.ts';

/** What this Node prints when flags are set while it runs. */
function complaints(flags: readonly string[]): string {
  const body = `for (const flag of ${JSON.stringify(flags)}) require('node:v8').setFlagsFromString(flag)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', body], { encoding: 'utf8' });
  return stdout + stderr;
}

describe('relaxedFlag', () => {
  it('asks the V8 of Node 20, which has relaxed SIMD behind a flag, and not those of Node 22 and 24', () => {
    const versions = ['11.3.244.8-node.38', '12.4.254.21-node.57', '13.6.233.17-node.53'];
    expect(versions.map(relaxedFlag)).toEqual(['--experimental-wasm-relaxed-simd', null, null]);
  });

  it('is taken by this V8 without complaint, as an unknown one would not be', () => {
    const flag = relaxedFlag(process.versions.v8);
    expect(complaints(flag === null ? [] : [flag])).toBe('');
    expect(complaints(['--no-such-flag'])).toContain('unrecognized flag --no-such-flag');
  });
});
