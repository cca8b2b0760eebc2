import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { joinFlag, relaxedFlag, thisV8, type V8Facts } from '../../../../src/ml/engines/wasm/v8-flags.ts';

/** What this Node prints when flags are set while it runs. */
function complaints(flags: readonly string[]): string {
  const body = `for (const flag of ${JSON.stringify(flags)}) require('node:v8').setFlagsFromString(flag)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', body], { encoding: 'utf8' });
  return stdout + stderr;
}

/** The V8s of Node 20, 22 and 24 on x64, as they say of themselves. */
const known: readonly V8Facts[] = [
  { version: '11.3.244.8-node.38', joins: false },
  { version: '12.4.254.21-node.57', joins: true },
  { version: '13.6.233.17-node.53', joins: true },
];

describe('relaxedFlag', () => {
  it('asks the V8 of Node 20, which has relaxed SIMD behind a flag, and not those of Node 22 and 24', () => {
    expect(known.map(relaxedFlag)).toEqual(['--experimental-wasm-relaxed-simd', null, null]);
  });
});

describe('joinFlag', () => {
  it('asks the V8 of Node 24 to join vectors, where it was built to', () => {
    expect(known.map(joinFlag)).toEqual([null, null, '--experimental-wasm-revectorize']);
    expect(joinFlag({ version: '13.6.233.17-node.53', joins: false })).toBe(null);
  });
});

describe('the flags for this V8', () => {
  it('are taken without complaint, as an unknown one would not be', () => {
    const flags = [relaxedFlag(thisV8()), joinFlag(thisV8())].filter((flag) => flag !== null);
    expect(complaints([...flags, '--no-liftoff', '--liftoff'])).toBe('');
    expect(complaints(['--no-such-flag'])).toContain('unrecognized flag --no-such-flag');
  });
});
