import { afterAll, describe } from 'vitest';
import { ReferenceExecutor } from '../../../../src/ml/engines/reference/executor.ts';
import { REFERENCE_TARGET } from '../../../../src/ml/engines/reference/target.ts';
import { lacking, tensorflowExecutor } from '../../../support/tensorflow.ts';
import { itAgreesWithTheReference } from '../beside-reference.ts';

/** Filters lie as TensorFlow has them. */
const reference = new ReferenceExecutor({ ...REFERENCE_TARGET, onePanel: true });
const executor = lacking === undefined ? tensorflowExecutor() : undefined;

afterAll(() => executor?.dispose());

describe.skipIf(!executor)(`TensorFlow${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  itAgreesWithTheReference({ executor: () => executor!, reference, make: tensorflowExecutor });
});
