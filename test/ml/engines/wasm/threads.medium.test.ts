import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureError } from '../../../../src/core/failure.ts';
import type { Executable } from '../../../../src/ml/engines/executor.ts';
import type { Operation, Program, Space, Region } from '../../../../src/ml/engines/program.ts';
import { WasmExecutor } from '../../../../src/ml/engines/wasm/executor.ts';
import { CONTROLS } from '../../../support/primitive.ts';

const workers: Worker[] = [];
const note = (worker: Worker): unknown => workers.push(worker);
/** Node tells of new workers in the next turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const FLOATS = 4096;

beforeEach(() => {
  process.on('worker', note);
});

afterEach(() => {
  process.off('worker', note);
  workers.length = 0;
});

/** A program that clears `count` floats from `offset` of a region. */
function clearing(executor: WasmExecutor, region: Region, range: { offset: number; count: number }): Executable {
  const operation: Operation = {
    primitive: 'zero',
    operands: { y: { space: 'parameter', offset: range.offset } },
    numbers: { count: range.count },
  };
  const memory = { parameter: region, step: region } as Partial<Record<Space, Region>> as Record<Space, Region>;
  const program: Program = {
    ...{ sizes: [], offsets: [], floats: 0, valueFloats: 0, portFloats: 0 },
    sections: { forward: [operation], backward: [], update: [] },
    ports: {},
  };
  return executor.compile(program, memory, 3);
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof FailureError && error.failures[0]?.code === 'thread-lost') return error.failures[0].message;
    throw error;
  }
  return '';
}

describe('threads', () => {
  it('start when a step first needs them, once', async () => {
    const executor = new WasmExecutor({ threads: 3, memory: 2 ** 26 });
    const region = executor.allocate(FLOATS);
    expect(workers).toHaveLength(0);
    const program = clearing(executor, region, { offset: 0, count: FLOATS });
    for (let time = 0; time < 3; time++) {
      executor.write(region, 0, new Float32Array(FLOATS).fill(1));
      program.run('forward', CONTROLS);
      expect(Math.max(...executor.read(region, 0, FLOATS))).toBe(0);
    }
    await turn();
    expect(workers).toHaveLength(2);
    await executor.dispose();
  });

  it('end when they are told to before they have come up', async () => {
    const executor = new WasmExecutor({ threads: 3, memory: 2 ** 26 });
    executor.limitThreads(3);
    await executor.dispose();
    expect(workers).toHaveLength(2);
  });

  it('that crash end the step at once, and say why', async () => {
    const executor = new WasmExecutor({ threads: 3, memory: 2 ** 26 });
    const region = executor.allocate(FLOATS);
    clearing(executor, region, { offset: 0, count: FLOATS }).run('forward', CONTROLS);
    // Far beyond the end of what has been grown: the first thread's third lies inside, the others' do not.
    const inside = (executor.grown() - region.address) / 4 - 1000;
    const program = clearing(executor, region, { offset: inside, count: 3000 });
    expect(messageOf(() => program.run('forward', CONTROLS))).toMatch(/^a thread of the wasm engine died: /);
    const again = messageOf(() => program.run('forward', CONTROLS));
    expect(again).toBe('a thread of the wasm engine died: it no longer answers');
    await executor.dispose();
  });

  it('that are killed between two steps are missed before the next', async () => {
    const executor = new WasmExecutor({ threads: 3, memory: 2 ** 26 });
    const program = clearing(executor, executor.allocate(FLOATS), { offset: 0, count: FLOATS });
    program.run('forward', CONTROLS);
    await turn();
    await workers[0]!.terminate();
    expect(messageOf(() => program.run('forward', CONTROLS))).toBe('a thread of the wasm engine died: it was ended');
    await executor.dispose();
  });

  it('that are killed within a step are waited for no longer than patience lasts', async () => {
    const executor = new WasmExecutor({ threads: 3, memory: 2 ** 26, patience: 1 });
    const program = clearing(executor, executor.allocate(FLOATS), { offset: 0, count: FLOATS });
    program.run('forward', CONTROLS);
    await turn();
    const ended = workers[1]!.terminate();
    // The main thread never lets go, so it cannot hear of the thread's end: only its silence tells.
    let message = '';
    while (!message) message = messageOf(() => program.run('forward', CONTROLS));
    expect(message).toBe('a thread of the wasm engine died: it no longer answers');
    await ended;
    await executor.dispose();
  });
});
