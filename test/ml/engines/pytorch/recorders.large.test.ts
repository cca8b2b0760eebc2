import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { assetPath } from '../../../../src/util/package-root.ts';
import { missing, python } from '../../../support/pytorch.ts';

const lacking = missing('torch');

it.skipIf(lacking !== undefined)(
  `what is recorded is tried before it is trusted${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`,
  () => {
    const script = 'test/ml/engines/pytorch/recorders_test.py';
    const args = ['-B', assetPath(script), assetPath('src/ml/engines/pytorch/program')];
    const { status, stderr } = spawnSync(python, args, { encoding: 'utf8' });
    expect(stderr).toMatch(/Ran 5 tests[^]*OK/);
    expect(status).toBe(0);
  },
);
