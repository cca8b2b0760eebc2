import { afterAll, expect, it, vi } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import type { Executor } from '../../../src/ml/engines/executor.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { WasmMachine } from '../../../src/ml/engines/wasm/machine.ts';
import { nativeExecutor } from '../../support/native.ts';
import { describeTogether, ROUNDS, rounds } from './together-checks.ts';

const native = nativeExecutor({ threads: 2 });
const engines: Readonly<Record<string, Engine>> = {
  wasm: await createEngine('wasm', { threads: 2 }),
  reference: await createEngine('reference', { threads: 1 }),
  ...(native && { native: new CompiledEngine(native) }),
};
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.dispose())));

for (const [name, engine] of Object.entries(engines)) describeTogether(name, engine);

it('are made in one go, after all have been asked for', async () => {
  const executor: Executor = new WasmExecutor({ threads: 1 });
  const engine = new CompiledEngine(executor);
  const runs = vi.spyOn(WasmMachine.prototype, 'run');
  const counts: [number, number][] = [];
  rounds(engine, (work) => {
    runs.mockClear();
    let within = NaN;
    engine.together(() => {
      work();
      within = runs.mock.calls.length;
    });
    counts.push([within, runs.mock.calls.length]);
  });
  runs.mockRestore();
  // The frozen pass; forward, loss, backward and update of either student.
  expect(counts).toEqual(Array.from({ length: ROUNDS }, () => [0, 9]));
  await engine.dispose();
});
