import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SharedMemory } from '../../src/util/shared-memory.ts';

const hasNone = !existsSync('/dev/shm');

describe('shared memory', () => {
  it.skipIf(hasNone)('is a file for whoever knows its name, and none once that is taken away', () => {
    const memory = SharedMemory.make(10)!;
    expect(memory.write(Uint8Array.of(1, 2, 3))).toBe(true);
    expect([...readFileSync(memory.path)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 0, 0]);
    memory.unname();
    expect(existsSync(memory.path)).toBe(false);
    expect(memory.write(Float32Array.of(1))).toBe(true);
    memory.close();
  });

  it.skipIf(hasNone)('that is closed leaves nothing behind', () => {
    const memory = SharedMemory.make(1)!;
    memory.close();
    expect(existsSync(memory.path)).toBe(false);
  });

  it('is not to be had where there is no such file system', () => {
    expect(SharedMemory.make(1, '/no/such/folder')).toBeUndefined();
  });

  it.skipIf(!existsSync('/dev/full'))('says that it is full', () => {
    expect(SharedMemory.make(2 ** 62)?.write(Uint8Array.of(1))).not.toBe(true);
  });
});
