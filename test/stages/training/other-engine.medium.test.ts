import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadLibrary } from '../../../src/ml/engines/native/library.ts';
import { nearStates } from '../../../src/ml/engines/kernels/sample.ts';
import { disposeEngines } from '../../../src/ml/inference/shared-engine.ts';
import { readModel } from '../../../src/ml/inference/trained-model.ts';
import { evaluate } from '../../../src/stages/evaluate/kind.ts';
import { StageInterrupted } from '../../../src/stages/stage-kind.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { missing, python } from '../../support/pytorch.ts';
import { metric, Workshop, type Circumstances, type Made } from '../../support/stage-workshop.ts';

const workshop = new Workshop();
// sgd: steps of adamw are as long for a gradient of rounding errors as for any other.
const recipe = {
  ...{ model: 'convnet4', epochs: 3, lr: 1e-2, batch_size: 8, crop: 'centre', optimizer: 'sgd' },
  ...{ select: 'last', patience: 0, ema: true },
};
let data: string;

beforeAll(async () => {
  vi.stubEnv('KDPIPE_PYTHON', python);
  data = await workshop.digits({ train: 40, val: 10, test: 40 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  workshop.remove();
  await disposeEngines();
});

const train = (engine: string, circumstances: Circumstances = {}): Promise<Made> =>
  workshop.make(trainTeacher, { ...recipe, engine }, { data }, circumstances);
const stateOf = ({ folder }: Made) => readModel(join(folder, 'weights.safetensors')).state;

/** Trains an epoch on each engine in turn, each stopped after it but the last. */
async function relayed(engines: readonly string[]): Promise<Made> {
  const scratch = workshop.folder();
  for (const engine of engines.slice(0, -1)) {
    const stopper = new AbortController();
    const told = ({ type }: { readonly type: string }) => type === 'metric' && stopper.abort();
    await expect(train(engine, { scratch, signal: stopper.signal, told })).rejects.toThrow(StageInterrupted);
  }
  return train(engines.at(-1) ?? '', { scratch });
}

const noTorch = missing('torch');
if (noTorch !== undefined)
  process.stderr.write(`SKIPPED: runs that go on between PyTorch and other engines: ${noTorch}\n`);
const own = 'unavailable' in loadLibrary() ? 'wasm' : 'native';

describe('a training that goes on with another engine', () => {
  it.each([
    [[own, 'reference', own]],
    [['reference', 'wasm']],
    ...(noTorch === undefined ? [[[own, 'pytorch', 'reference']], [['pytorch', own]]] : []),
  ])('ends where one of a single engine ends, and its record names all: %j', async (engines) => {
    const [mixed, straight] = [await relayed(engines), await train('reference')];
    expect(mixed.environment).toMatchObject({ engine: { name: engines.at(-1) }, engines: [...new Set(engines)] });
    expect(straight.environment).not.toHaveProperty('engines');
    expect(nearStates(stateOf(mixed), stateOf(straight))).toBe(true);
    // Each epoch has moved it: it is not the state that training began with.
    expect(
      nearStates(stateOf(mixed), stateOf(await workshop.make(trainTeacher, { ...recipe, epochs: 1 }, { data }))),
    ).toBe(false);
  });

  it('is evaluated by any engine, to the same scores', async () => {
    const of = join((await relayed([own, 'reference'])).folder, 'weights.safetensors');
    const engines = [own, 'wasm', 'reference', ...(noTorch === undefined ? ['pytorch'] : [])];
    const scores: (readonly [number, number])[] = [];
    for (const engine of engines) {
      const made = await workshop.make(evaluate, { splits: ['test'], engine }, { data, of });
      scores.push([metric(made, 'test.accuracy'), metric(made, 'test.nll')]);
    }
    for (const [accuracy, nll] of scores) {
      expect(accuracy).toBe(scores[0]?.[0]);
      expect(nll).toBeCloseTo(scores[0]?.[1] ?? NaN, 4);
    }
  });
});
