import { afterAll, describe, expect, it, vi } from 'vitest';
import { Channel } from '../../../../src/ml/engines/pytorch/channel.ts';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import { missing } from '../../../support/pytorch.ts';
import { pytorchExecutor } from '../../../support/pytorch-executor.ts';
import { describeClip } from '../../train/clip-checks.ts';
import { describeTogether, ROUNDS, rounds } from '../together-checks.ts';

const lacking = missing('torch');
const engines =
  lacking === undefined
    ? {
        pytorch: new CompiledEngine(pytorchExecutor()),
        'pytorch, recorded': new CompiledEngine(pytorchExecutor({ record: 'trace' })),
      }
    : {};
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.dispose())));

for (const [name, engine] of Object.entries(engines)) {
  describeTogether(name, engine);
  describeClip(name, engine);
}

describe.skipIf(lacking !== undefined)(`PyTorch${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  it('is asked once for all runs of a round', async () => {
    const engine = new CompiledEngine(pytorchExecutor());
    const ask = vi.spyOn(Channel.prototype, 'ask');
    const requests: unknown[] = [];
    rounds(engine, (work) => {
      ask.mockClear();
      engine.together(work);
      requests.push(ask.mock.calls.map(([{ request }]) => request));
    });
    ask.mockRestore();
    await engine.dispose();
    expect(requests.slice(1)).toEqual(Array.from({ length: ROUNDS - 1 }, () => ['run']));
  });

  it('makes recorded rounds the bits of those that are not, and says so', () => {
    const [eager, recorded] = Object.values(engines).map((engine) => rounds(engine, (work) => engine.together(work)));
    expect(recorded).toEqual(eager);
    expect(engines['pytorch, recorded']?.description['rounds']).toMatch(/^trace: .* ms, the same bits/);
  });
});
