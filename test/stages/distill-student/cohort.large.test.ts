import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { TaskMessage } from '../../../src/core/task.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { CompiledForward } from '../../../src/ml/engines/steps.ts';
import { WasmMachine } from '../../../src/ml/engines/wasm/machine.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { nativeKernels } from '../../support/native.ts';
import { Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';
import { filesOf, made, together as cohortOf } from '../../support/together.ts';

const workshop = new Workshop();
const recipe = { model: 'convnet4', epochs: 2, lr: 5e-3, batch_size: 32 };
let data: string;
let teacher: string;

beforeAll(async () => {
  data = await workshop.digits({ train: 200, val: 100, test: 10 });
  teacher = join(
    (await workshop.make(trainTeacher, { ...recipe, model: 'convnet8', epochs: 3 }, { data })).folder,
    'weights.safetensors',
  );
});
afterAll(async () => {
  workshop.remove();
  await disposeEngines();
});

const distil = (params: JsonObject, circumstances: Circumstances = {}): Promise<Made> =>
  workshop.make(distillStudent, { ...recipe, ...params }, { data, teacher }, circumstances);

const together = (cells: readonly JsonObject[], circumstances?: readonly Circumstances[], asides?: string[]) =>
  cohortOf(distil, cells, circumstances, asides);

const CELLS: readonly JsonObject[] = [
  { kd_method: 'SoftTarget', kd_ratio: 0.5 },
  { kd_method: 'SoftTarget', kd_ratio: 0.9, ema: true },
  { kd_method: 'AT', kd_ratio: 100 },
  { kd_method: 'MGD', kd_ratio: 0.7, model: 'convnet8' },
  { kd_method: 'SP', kd_ratio: 5, epochs: 1 },
];

const VARIED: readonly JsonObject[] = [
  { kd_method: 'SoftTarget', kd_ratio: 0.5, optimizer: 'sgd', ema: true },
  { kd_method: 'SoftTarget', kd_ratio: 0.5, rdrop: true, rdrop_distilling: true, dropout: 0.2 },
  { kd_method: 'CRD', kd_ratio: 0.8, optimizer: 'rmsprop' },
  { kd_method: 'ReviewKD', kd_ratio: 5, model: 'convnet8', lr: 1e-3 },
  {
    kd: [
      { method: 'AT', ratio: 100 },
      { method: 'FitNet', ratio: 10 },
    ],
    warmup: true,
  },
];

describe('students of a cohort', () => {
  it.each([
    ['as they are', {}],
    ['augmented, on a thread', { augment: 'autoaugment', flip: true }],
    ['in two views', { second_view: 'fixmatch', flip: true }],
  ])('end with the same bits as alone: pictures %s', async (_, pictures) => {
    const cells = CELLS.map((cell) => ({ ...cell, ...pictures }));
    const beside = made(await together(cells));
    for (const [at, cell] of cells.entries()) {
      expect(filesOf(beside[at]!)).toEqual(filesOf(await distil(cell)));
    }
  });

  it.each(['wasm', 'native'])(
    'end with the same bits as alone, on %s, whatever they learn by and remember',
    async (engine) => {
      if (engine === 'native' && !nativeKernels().length) return;
      const cells = VARIED.map((cell) => ({ ...cell, engine, epochs: 1, mixup: 'mixup' }));
      const beside = made(await together(cells));
      for (const [at, cell] of cells.entries()) expect(filesOf(beside[at]!)).toEqual(filesOf(await distil(cell)));
    },
  );

  it('make each step on a batch in one go: all of a batch’s runs have been asked for when the first is made', async () => {
    const own = Object.getOwnPropertyDescriptor(CompiledEngine.prototype, 'together')!.value as Engine['together'];
    const gather = vi.spyOn(CompiledEngine.prototype, 'together');
    const runs = vi.spyOn(WasmMachine.prototype, 'run');
    const counts: [number, number][] = [];
    gather.mockImplementation(function (this: CompiledEngine, work) {
      const before = runs.mock.calls.length;
      let within = NaN;
      own.call(this, () => {
        work();
        within = runs.mock.calls.length - before;
      });
      counts.push([within, runs.mock.calls.length - before]);
    });
    made(await together(VARIED.map((cell) => ({ ...cell, engine: 'wasm', epochs: 1 }))));
    gather.mockRestore();
    runs.mockRestore();
    // 200 images in batches of 32.
    expect(counts.map(([within]) => within)).toEqual(Array(7).fill(0));
    // Forward, losses, backward, update and what is remembered of each, and the teacher.
    for (const [, all] of counts) expect(all).toBeGreaterThan(5 * VARIED.length);
  });

  it('run the teacher once a batch for all of them', async () => {
    const runs = vi.spyOn(CompiledForward.prototype, 'run');
    const runsOf = async (cells: readonly JsonObject[]): Promise<number> => {
      runs.mockClear();
      made(await together(cells));
      return runs.mock.calls.length;
    };
    const [alone, three] = [await runsOf(CELLS.slice(0, 1)), await runsOf(CELLS.slice(0, 3))];
    runs.mockRestore();
    // What two more students run forwards is their own validation; 2 epochs of 7 batches are left.
    expect(alone - (three - alone) / 2).toBe(14);
  });

  it('go on when one of them fails', async () => {
    const [bad, good] = await together([{ kd_method: 'SoftTarget', kd_weight: 1e38, lr: 1e30 }, CELLS[0]!]);
    expect(bad).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringMatching(/loss became/) as string },
    });
    if (good?.status !== 'fulfilled') throw new Error('the other one failed too');
    expect(filesOf(good.value)).toEqual(filesOf(await distil(CELLS[0]!)));
  });

  it('catch up with one that goes on from a checkpoint, and all end as they would have', async () => {
    const scratch = workshop.folder();
    const stop = new AbortController();
    const told = (message: TaskMessage) => {
      if (message.type === 'progress') stop.abort();
    };
    await expect(distil(CELLS[0]!, { scratch, signal: stop.signal, told })).rejects.toThrow('interrupted');
    const beside = made(await together(CELLS.slice(0, 2), [{ scratch }]));
    expect(filesOf(beside[0]!)).toEqual(filesOf(await distil(CELLS[0]!)));
    expect(filesOf(beside[1]!)).toEqual(filesOf(await distil(CELLS[1]!)));
  });

  it('stop together, and go on together', async () => {
    const stop = new AbortController();
    const stages = CELLS.slice(0, 3).map(() => ({ scratch: workshop.folder() }));
    const told = (message: TaskMessage) => {
      if (message.type === 'progress') stop.abort();
    };
    const stopped = await together(
      CELLS.slice(0, 3),
      stages.map((stage) => ({ ...stage, signal: stop.signal, told })),
    );
    for (const result of stopped)
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'StageInterrupted' } });
    const beside = made(await together(CELLS.slice(0, 3), stages));
    for (const at of [0, 1, 2]) expect(filesOf(beside[at]!)).toEqual(filesOf(await distil(CELLS[at]!)));
  });
});

describe('students for whom there is not enough memory together', () => {
  afterEach(async () => {
    delete process.env['KDPIPE_MEMORY'];
    await disposeEngines();
  });

  it('run in turns, and end with the same bits', async () => {
    const big = [1, 2, 3, 4].map((ratio) => ({ kd_method: 'MGD', kd_ratio: ratio, model: 'convnet32', epochs: 1 }));
    const alone = [];
    for (const cell of big) alone.push(filesOf(await distil(cell)));
    await disposeEngines();
    // Each core that the engine may use takes 2 MiB.
    process.env['KDPIPE_MEMORY'] = `${32 + 2 * availableParallelism()}`;
    const asides: string[] = [];
    const beside = made(await together(big, [], asides));
    expect(beside.map(filesOf)).toEqual(alone);
    // One fits, and whoever has no room tries again when the others have left.
    const expected = [1, 2, 3, 2, 3, 3].map((at) => `student${at}`);
    expect(asides).toEqual(expected);
    const logs = beside.map(({ folder }) => readFileSync(join(folder, 'task.log'), 'utf8').match(/^waited.*$/gm) ?? []);
    expect(logs.map((lines) => lines.length)).toEqual([0, 1, 2, 3]);
    expect(logs[1]![0]).toMatch(/^waited until others had ended: .* needs .* MiB \(at most /);
  });

  it('fail, as one alone would, when there is too little even for one', async () => {
    await disposeEngines();
    process.env['KDPIPE_MEMORY'] = '4';
    const big = [1, 2].map((ratio) => ({ kd_method: 'MGD', kd_ratio: ratio, model: 'convnet32', epochs: 1 }));
    for (const result of await together(big)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { failures: [{ code: 'does-not-fit' }] } });
    }
  });
});
