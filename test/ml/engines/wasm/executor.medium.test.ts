import { afterAll, describe, expect, it } from 'vitest';
import type { StateDict } from '../../../../src/ml/network/network.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { oneUpdate } from '../../../support/one-update.ts';

const GIBIBYTE = 2 ** 30;
const made: WasmExecutor[] = [];

function executor(threads: number): WasmExecutor {
  const one = new WasmExecutor({ threads });
  made.push(one);
  return one;
}

afterAll(async () => {
  await Promise.all(made.map((one) => one.dispose()));
});

/** Weights after an update, all of whose memory lies behind `offset` bytes. */
async function trainedBehind(offset: number): Promise<StateDict> {
  const one = executor(2);
  // Fresh, and never touched, it is address space only: what was given out before would be cleared.
  one.allocate(offset / 4);
  const state = oneUpdate(one, 2);
  await one.dispose();
  return state;
}

describe('the wasm executor', () => {
  it('computes the same bits wherever its memory lies: below two gibibytes, across, and above', async () => {
    const low = await trainedBehind(4);
    expect(await trainedBehind(2 * GIBIBYTE - 2 ** 20)).toEqual(low);
    expect(await trainedBehind(2.5 * GIBIBYTE)).toEqual(low);
  });

  it('holds up to 4 GiB', () => {
    const one = executor(1);
    expect(one.capacity()).toBeGreaterThan(4 * GIBIBYTE - 2 ** 24);
    expect(() => one.allocate(GIBIBYTE)).toThrow('no 4096.0 MiB left in one piece');
  });

  it('takes no more threads than a team may have, and at least one', () => {
    const threads = (asked: number): unknown =>
      new WasmExecutor({ threads: asked, memory: 2 ** 28 }).description['threads'];
    expect([0, 1, 64, 1000].map(threads)).toEqual([1, 1, 64, 64]);
  });
});
