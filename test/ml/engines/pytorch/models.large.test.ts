import { afterAll, describe, expect, it } from 'vitest';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import { goldens } from '../../../support/model-fixtures.ts';
import { parity } from '../../../support/parity.ts';
import { missing } from '../../../support/pytorch.ts';
import { pytorchExecutor } from '../../../support/pytorch-executor.ts';

const lacking = missing('torch');
const engine = lacking === undefined ? new CompiledEngine(pytorchExecutor()) : undefined;
afterAll(() => engine?.dispose());

describe.skipIf(!engine)(`the pytorch engine${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  it.each([...goldens])(
    'gives the logits, statistics and gradients of %s that PyTorch has in float64',
    (name, golden) => {
      const differences = parity(engine!, name, golden);
      expect(differences).toHaveLength(9);
      for (const { quantity, difference, tolerance } of differences)
        expect(difference, quantity).toBeLessThanOrEqual(tolerance.float32);
    },
  );
});
