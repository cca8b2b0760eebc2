import { afterAll, describe, expect, it } from 'vitest';
import { CompiledEngine } from '../../../../src/ml/engines/session.ts';
import { goldens } from '../../../support/model-fixtures.ts';
import { parity } from '../../../support/parity.ts';
import { lacking, tensorflowExecutor } from '../../../support/tensorflow.ts';

const engine = lacking === undefined ? new CompiledEngine(tensorflowExecutor()) : undefined;
afterAll(() => engine?.dispose());

/** Whose sums are in an order of their own, how many times as far they may be off as those of our kernels. */
const MULTIPLE = 2;

describe.skipIf(!engine)(`the tensorflow engine${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  it.each([...goldens])(
    'gives the logits, statistics and gradients of %s that PyTorch has in float64',
    (name, golden) => {
      const differences = parity(engine!, name, golden);
      expect(differences).toHaveLength(9);
      for (const { quantity, difference, tolerance } of differences)
        expect(difference, quantity).toBeLessThanOrEqual(MULTIPLE * tolerance.float32);
    },
  );
});
