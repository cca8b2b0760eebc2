import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Engine, Session, SessionOptions } from '../../../src/ml/engines/engine.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import type { Network } from '../../../src/ml/network/network.ts';
import { StageInterrupted } from '../../../src/stages/stage-kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';

/** What the process's engine is: machines with half precision and without, whatever runs this test. */
const machine = vi.hoisted((): { engine?: Engine } => ({}));
vi.mock(import('../../../src/ml/inference/shared-engine.ts'), async (original) => ({
  ...(await original()),
  sharedPick: () => Promise.resolve({ engine: machine.engine!, why: null, missesGpu: false }),
}));

/** An engine that says that it has half precision: what it computes with `amp` differs from float32, by another ε of AdamW. */
class HalfEngine extends CompiledEngine {
  override readonly halfPrecision = 'bfloat16';

  override session(network: Network, { amp = false, ...options }: SessionOptions): Session {
    const { optimizer } = options;
    if (!amp || optimizer?.name !== 'adamw') return super.session(network, options);
    return super.session(network, { ...options, optimizer: { ...optimizer, eps: 1e-3 } });
  }
}

/** One whose losses in half precision are not finite. */
class DivergingEngine extends HalfEngine {
  override session(network: Network, options: SessionOptions): Session {
    const session = super.session(network, options);
    const write = session.write.bind(session);
    if (options.amp) session.write = (state) => write(new Map([...state].map(([name, of]) => [name, of.fill(NaN)])));
    return session;
  }
}

const executor = new WasmExecutor({ threads: 1 });
const plain = new CompiledEngine(executor);
const half = new HalfEngine(executor);
const diverging = new DivergingEngine(executor);

const workshop = new Workshop();
const recipe = { model: 'convnet4', epochs: 2, lr: 1e-2, batch_size: 8, crop: 'centre', select: 'last', patience: 0 };
const weights = (made: Made) => readFileSync(join(made.folder, 'weights.safetensors'));
const warnings = ({ messages }: Made) => messages.flatMap((one) => (one.type === 'warning' ? [one.message] : []));
let data: string;

beforeAll(async () => {
  data = await workshop.digits({ train: 40, val: 10, test: 10 });
});
afterAll(async () => {
  workshop.remove();
  await executor.dispose();
});

const train = (engine: Engine, params = {}, circumstances: Circumstances = {}): Promise<Made> => {
  machine.engine = engine;
  return workshop.make(trainTeacher, { ...recipe, amp: true, ...params }, { data }, circumstances);
};

/** Trains until the first epoch is over; gives the folder that the checkpoint is in. */
async function interrupted(engine: Engine, params = {}): Promise<string> {
  const scratch = workshop.folder();
  const stopper = new AbortController();
  const told = ({ type }: { readonly type: string }) => type === 'metric' && stopper.abort();
  const stopped = train(engine, params, { scratch, signal: stopper.signal, told });
  await expect(stopped).rejects.toThrow(StageInterrupted);
  return scratch;
}

describe('amp', () => {
  it('trains in half precision where the engine has it, and the record says so', async () => {
    const [mixed, float32] = [await train(half), await train(half, { amp: false })];
    expect(mixed.environment).toMatchObject({ amp: 'bfloat16' });
    expect(float32.environment).not.toHaveProperty('amp');
    expect(weights(mixed)).not.toEqual(weights(float32));
    expect(weights(mixed)).toEqual(weights(await train(half)));
    expect(warnings(mixed)).toEqual([]);
  });

  it('trains in float32 elsewhere, to the same bytes as without, and the record says so', async () => {
    const [asked, without] = [await train(plain), await train(half, { amp: false })];
    expect(asked.environment).toMatchObject({ amp: 'float32' });
    expect(weights(asked)).toEqual(weights(without));
  });
});

describe('a training with amp that was stopped', () => {
  it('goes on in half precision to the same bytes', async () => {
    const again = await train(half, {}, { scratch: await interrupted(half) });
    expect(again.environment).toMatchObject({ amp: 'bfloat16' });
    expect(weights(again)).toEqual(weights(await train(half)));
  });

  it('stays in float32 where it began in it, on a machine with half precision too', async () => {
    const again = await train(half, {}, { scratch: await interrupted(plain) });
    expect(again.environment).toMatchObject({ amp: 'float32' });
    expect(weights(again)).toEqual(weights(await train(plain)));
    expect(warnings(again)).toEqual([]);
  });

  it('goes on in float32 on a machine without half precision, says so, and its record is that of a mixture', async () => {
    const scratch = await interrupted(half, { epochs: 3 });
    const again = await train(plain, { epochs: 3 }, { scratch });
    expect(warnings(again)).toEqual([
      expect.stringMatching(/began with amp in bfloat16, which the engine here does not have: it goes on in float32/),
    ]);
    expect(again.environment).toMatchObject({ amp: 'mixed' });
  });
});

describe('a loss that is not finite in half precision', () => {
  it('stops the stage', async () => {
    await expect(train(diverging)).rejects.toThrow('the loss became NaN at step 0');
  });

  it('starts it anew in float32 with on_nan: retry-float32, and the record says so', async () => {
    const made = await train(diverging, { on_nan: 'retry-float32' });
    expect(warnings(made)).toEqual([expect.stringMatching(/in bfloat16 .* starts anew in float32/)]);
    expect(made.environment).toMatchObject({ amp: 'float32' });
    expect(weights(made)).toEqual(weights(await train(plain, { amp: false })));
  });

  it('stays in float32 when that is stopped and goes on', async () => {
    const scratch = await interrupted(diverging, { on_nan: 'retry-float32' });
    const made = await train(diverging, { on_nan: 'retry-float32' }, { scratch });
    expect(made.environment).toMatchObject({ amp: 'float32' });
    expect(warnings(made)).toEqual([]);
  });
});
