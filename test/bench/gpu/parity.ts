import type { ModelName } from '../../../src/ml/models/registry.ts';
import type { PrimitiveName } from '../../../src/ml/engines/primitives.ts';
import type { Executor } from '../../../src/ml/engines/executor.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { families } from '../../ml/engines/calls/families.ts';
import { goldens } from '../../support/model-fixtures.ts';
import { parity } from '../../support/parity.ts';
import { difference, ROOM, runPrimitive } from '../../support/primitive.ts';

/**
 * Compares primitives with the reference.
 *
 * @param executor - lays filters out as the reference does
 * @returns lines of a Markdown table: calls of each family, and the largest difference ÷ what is allowed
 */
export function primitiveTable(executor: Executor): readonly string[] {
  const reference = new ReferenceExecutor();
  const rows = Object.entries(families).map(([family, cases]) => {
    let [worst, where, count] = [0, '', 0];
    for (const { title, calls, tolerance } of cases)
      for (const call of calls()) {
        count++;
        const [got, expected] = [runPrimitive<PrimitiveName>(executor, call), runPrimitive(reference, call)];
        for (const name of Object.keys(expected).filter((one) => !call.scratch?.includes(one))) {
          const off = difference(got[name]!, expected[name]!) / (ROOM * tolerance);
          if (!(off <= worst)) [worst, where] = [off, `${name}: ${title}`];
        }
      }
    return `| ${family} | ${count} | ${worst.toFixed(2)} | ${where} |`;
  });
  return ['| primitives | calls | largest difference ÷ allowed | of |', '| :-- | --: | --: | :-- |', ...rows];
}

/**
 * Compares models with PyTorch's float64.
 *
 * @param executor - of the engine
 * @param names - of models
 * @returns lines of a Markdown table
 */
export function modelTable(executor: Executor, names: readonly ModelName[]): readonly string[] {
  const engine = new CompiledEngine(executor);
  const rows = [...goldens]
    .filter(([name]) => names.includes(name))
    .map(([name, golden]) => {
      const all = parity(engine, name, golden).map((one) => ({
        ...one,
        part: one.difference / one.tolerance.float32,
      }));
      const worst = all.reduce((most, one) => (one.part > most.part ? one : most));
      return `| ${name} | ${worst.part.toFixed(2)} | ${worst.quantity} |`;
    });
  return ['| model | largest difference ÷ allowed | of |', '| :-- | --: | :-- |', ...rows];
}
