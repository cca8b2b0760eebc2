import { afterAll, describe } from 'vitest';
import type { PyTorchExecutor } from '../../../../src/ml/engines/pytorch/executor.ts';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { missing } from '../../../support/pytorch.ts';
import { pytorchExecutor } from '../../../support/pytorch-executor.ts';
import { itAgreesWithTheReference } from '../beside-reference.ts';

const lacking = missing('torch');
const reference = new ReferenceExecutor();
let made: PyTorchExecutor | undefined;
/** Calls lie as the C kernels have them: panels of eight. */
const executor = (): PyTorchExecutor => (made ??= pytorchExecutor({ panel: reference.target.panel }));

afterAll(() => made?.dispose());

describe.skipIf(lacking !== undefined)(`PyTorch${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  itAgreesWithTheReference({ executor, reference, make: pytorchExecutor });
});
