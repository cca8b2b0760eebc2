import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { readArrays } from '../../support/read-arrays.ts';
import { teacherPass } from '../../support/teacher-pass.ts';

const { manifest } = paintedSet({ train: 4, val: 2 });
const BATCH = 2;

async function teacher() {
  const engine = await createEngine('wasm', { threads: 1 });
  const network = networkFor('convnet8', manifest);
  const session = engine.session(network, { optimizer: null, threads: 1 });
  session.write(initialState(network, 1));
  const pass = teacherPass(session, engine);
  const read = () => readArrays(session, pass.arrays(BATCH, 0));
  return { engine, session, pass, read };
}

const batchOf = (value: number) => ({
  images: new Float32Array(BATCH * manifest.imageSize ** 2 * 3).fill(value),
  labels: new Int32Array(BATCH),
  indices: new Uint32Array(BATCH),
  mixed: null,
});

describe('a teacher’s pass over a batch', () => {
  it('gives what its network computes, and gives it again without computing', async () => {
    const { engine, session, pass, read } = await teacher();
    pass.need(['logits', 'block1']);
    pass.prepare(BATCH);
    const batch = batchOf(0.5);
    expect(pass.of(batch)).toEqual({});
    const values = read();
    const step = session.forwardStep({ batch: BATCH, taps: ['block1'] });
    step.input.set(batch.images);
    step.run();
    expect(values).toEqual({ logits: step.logits, block1: step.tap('block1') });
    batch.images.fill(9);
    pass.of(batch);
    expect(read()).toEqual(values);
    await engine.dispose();
  });

  it('computes another batch, though its pixels lie in the same array', async () => {
    const { engine, pass, read } = await teacher();
    pass.need(['logits']);
    pass.prepare(BATCH);
    const batch = batchOf(0.5);
    pass.of(batch);
    const first = read();
    batch.images.fill(-0.5);
    pass.of({ ...batch });
    expect(read()).not.toEqual(first);
    await engine.dispose();
  });

  it('keeps places and bits of a tap when somebody asks for more later, and computes what is new', async () => {
    const { engine, session, pass, read } = await teacher();
    pass.need(['logits']);
    pass.prepare(BATCH);
    const batch = batchOf(0.25);
    pass.of(batch);
    const { logits: place } = pass.arrays(BATCH, 0);
    const alone = read();
    pass.need(['block1', 'block2']);
    pass.prepare(BATCH);
    // The same batch: another student of the cohort has seen it already.
    pass.of(batch);
    expect(Object.keys(read()).sort()).toEqual(['block1', 'block2', 'logits']);
    expect(pass.arrays(BATCH, 0)['logits']).toEqual(place);
    const step = session.forwardStep({ batch: BATCH, taps: ['block1', 'block2'] });
    step.input.set(batch.images);
    step.run();
    expect(read()).toEqual({ ...alone, block1: step.tap('block1'), block2: step.tap('block2') });
    await engine.dispose();
  });

  it('gives the weight of the last layer as what no batch changes', async () => {
    const { engine, session, pass } = await teacher();
    pass.need(['classifier']);
    expect(pass.of(batchOf(0.5))).toEqual({ classifier: session.read().get('fc.weight') });
    await engine.dispose();
  });

  it('sees all views of a batch in one pass, and gives each its own place', async () => {
    const { engine, session } = await teacher();
    const pass = teacherPass(session, engine, 2);
    pass.need(['logits', 'block1']);
    pass.prepare(BATCH);
    const views = [batchOf(0.5), batchOf(-0.25)];
    const images = Float32Array.from(views.flatMap((view) => [...view.images]));
    pass.of({ ...batchOf(0), images });
    const alone = teacherPass(session, engine);
    alone.need(['logits', 'block1']);
    alone.prepare(BATCH);
    for (const [view, batch] of views.entries()) {
      const found = readArrays(session, pass.arrays(BATCH, view));
      alone.of(batch);
      expect(found).toEqual(readArrays(session, alone.arrays(BATCH, 0)));
    }
    await engine.dispose();
  });

  it('has arrays of their own for each size of batch', async () => {
    const { engine, session, pass, read } = await teacher();
    pass.need(['logits']);
    for (const size of [BATCH, 1]) pass.prepare(size);
    const batch = batchOf(0.5);
    pass.of(batch);
    const whole = read();
    const pixels = batch.images.length / BATCH;
    pass.of({ ...batch, images: batch.images.subarray(0, pixels), labels: new Int32Array(1) });
    const { logits } = readArrays(session, pass.arrays(1, 0));
    expect(read()).toEqual(whole);
    expect(logits).toEqual(whole['logits']!.slice(0, 3));
    await engine.dispose();
  });
});
