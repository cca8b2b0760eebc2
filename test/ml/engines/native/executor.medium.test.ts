import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { KernelExecutor } from '../../../../src/ml/engines/kernels/executor.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import type { Executor } from '../../../../src/ml/engines/executor.ts';
import { nativeExecutor } from '../../../support/native.ts';
import { oneUpdate } from '../../../support/one-update.ts';

const GIBIBYTE = 2 ** 30;
const made: Executor[] = [];

function executor(threads: number, memory?: number): KernelExecutor {
  const one = nativeExecutor({ threads, ...(memory !== undefined && { memory }) });
  if (!one) throw new Error('there is no native executor here');
  made.push(one);
  return one;
}

afterAll(async () => {
  await Promise.all(made.map((one) => one.dispose()));
});

/** Threads of this process, where the system tells. */
const threadsHere = (): number => Number(/^Threads:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

const isHere = nativeExecutor({ threads: 1, memory: 2 ** 26 });
made.push(...(isHere ? [isHere] : []));

describe.skipIf(!isHere)('the native executor', () => {
  it('computes the bits of WebAssembly, for one thread and for several', () => {
    const wasm = new WasmExecutor({ threads: 1, memory: 2 ** 26 });
    made.push(wasm);
    const expected = oneUpdate(wasm, 1);
    const one = executor(4);
    for (const threads of [1, 2, 3, 4]) expect(oneUpdate(one, threads), `${threads} threads`).toEqual(expected);
  });

  it('lets no more threads work than it is told, and starts none before they may', () => {
    const one = executor(4);
    one.limitThreads(1);
    const before = threadsHere();
    const expected = oneUpdate(one, 4);
    expect(threadsHere()).toBe(before);
    one.limitThreads(3);
    expect(threadsHere()).toBe(before + 2);
    expect(oneUpdate(one, 4)).toEqual(expected);
    one.limitThreads(64);
    expect(threadsHere()).toBe(before + 3);
    expect(oneUpdate(one, 4)).toEqual(expected);
  });

  it('ends threads that have not come up yet, and gives work to those that come up late', async () => {
    const expected = oneUpdate(executor(1), 1);
    for (let n = 0; n < 20; n++) {
      const one = executor(8);
      one.limitThreads(8);
      if (n % 2) {
        one.limitThreads(2);
        expect(oneUpdate(one, 8)).toEqual(expected);
      }
      await one.dispose();
    }
  });

  it('computes the same bits wherever its memory lies: across four gibibytes, and beyond', async () => {
    const low = oneUpdate(executor(2), 2);
    for (const offset of [4 * GIBIBYTE - 2 ** 22, 6 * GIBIBYTE, 9.5 * GIBIBYTE]) {
      const one = executor(2);
      // Fresh, and never touched, it is address space only: what was given out before would be cleared.
      one.allocate((offset - one.used()) / 4);
      expect(oneUpdate(one, 2), `from ${offset}`).toEqual(low);
      await one.dispose();
    }
  });

  it('gives out zeroes, also where something else was before', () => {
    const one = executor(1, 2 ** 26);
    const first = one.allocate(1000);
    one.write(first, 0, new Float32Array(1000).fill(7));
    one.free(first);
    expect(one.read(one.allocate(1000), 0, 1000)).toEqual(new Float32Array(1000));
  });

  it('says what it has left, and what does not fit', () => {
    const one = executor(1, 2 ** 26);
    expect(one.capacity()).toBeLessThan(2 ** 26);
    expect(() => one.allocate(2 ** 24)).toThrow('the native engine has no 64.0 MiB left in one piece');
  });

  it.runIf(process.platform === 'linux')('ends its threads, and lets go of its memory', async () => {
    const before = threadsHere();
    const one = executor(3, 2 ** 26);
    const view = one.read(one.allocate(4), 0, 4);
    oneUpdate(one, 3);
    expect(threadsHere()).toBe(before + 2);
    await one.dispose();
    await one.dispose();
    expect(threadsHere()).toBe(before);
    expect(view).toHaveLength(4);
    expect(() => one.read({ address: 64, floats: 1 }, 0, 1)).toThrow();
  });
});
