import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { TeacherPass } from '../../../src/ml/train/teacher-pass.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { paintedSet } from '../../support/painted-set.ts';

const { manifest } = paintedSet({ train: 4, val: 2 });
const BATCH = 2;

async function teacher() {
  const engine = await createEngine('wasm', { threads: 1 });
  const network = networkFor('convnet8', manifest);
  const session = engine.session(network, { optimizer: null, threads: 1 });
  session.write(initialState(network, 1));
  return { engine, session, pass: new TeacherPass(session) };
}

const batchOf = (value: number) => ({
  images: new Float32Array(BATCH * manifest.imageSize ** 2 * 3).fill(value),
  labels: new Int32Array(BATCH),
  indices: new Uint32Array(BATCH),
  mixed: null,
});

describe('a teacher’s pass over a batch', () => {
  it('gives what its network computes, and gives it again without computing', async () => {
    const { engine, session, pass } = await teacher();
    pass.need(['logits', 'block1']);
    const batch = batchOf(0.5);
    const values = pass.of(batch);
    const step = session.forwardStep({ batch: BATCH, taps: ['block1'] });
    step.input.set(batch.images);
    step.run();
    expect(values['logits']).toEqual(step.logits);
    expect(values['block1']).toEqual(step.tap('block1'));
    batch.images.fill(9);
    expect(pass.of(batch)).toBe(values);
    await engine.dispose();
  });

  it('computes another batch, though its pixels lie in the same array', async () => {
    const { engine, pass } = await teacher();
    pass.need(['logits']);
    const batch = batchOf(0.5);
    const first = pass.of(batch)['logits'];
    batch.images.fill(-0.5);
    const second = pass.of({ ...batch })['logits'];
    expect(second).not.toEqual(first);
    await engine.dispose();
  });

  it('gives the same bits of a tap whatever else is read', async () => {
    const { engine, pass } = await teacher();
    pass.need(['logits']);
    const batch = batchOf(0.25);
    const alone = pass.of(batch)['logits'];
    pass.need(['block1', 'block2']);
    const together = pass.of(batch);
    expect(Object.keys(together).sort()).toEqual(['block1', 'block2', 'logits']);
    expect(together['logits']).toEqual(alone);
    await engine.dispose();
  });
});
