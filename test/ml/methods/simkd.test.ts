import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { simkd } from '../../../src/ml/methods/simkd.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { NetworkBuilder } from '../../../src/ml/network/builder.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { LAST_MAP } from '../../../src/ml/network/last-map.ts';
import type { Network, Shape } from '../../../src/ml/network/network.ts';
import { signed } from '../../support/hashed.ts';
import { evaluate } from '../../support/kd-evaluation.ts';
import { largestDifference } from '../../support/loss-reference.ts';

interface Row {
  readonly student: Readonly<Record<string, readonly [number, number, number]>>;
  readonly teacher: Row['student'];
  readonly value: number;
  readonly weights: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly gradient: readonly number[] }>
  >;
}

const rows = JSON.parse(
  readFileSync(new URL('../../fixtures/further-terms.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Row>>;
const golden = Object.entries(rows).filter(([title]) => title.startsWith('SimKD'));
const [IMAGES, CLASSES] = [4, 3];

const shapeOf = (taps: Row['student']): Shape => {
  const [height = 0, width = 0, channels = 0] = taps[LAST_MAP] ?? [];
  return { height, width, channels };
};
/** A network that is a classifier of the map that it is given. */
const bare = (name: string, map: Shape): Network => {
  const net = new NetworkBuilder(name, map);
  return net.classifier(net.image, { name: 'fc', classes: CLASSES });
};
const joined = (student: Network, teacher: Network, factor = 2) =>
  simkd.network!({ simkd_factor: factor }, student, { network: teacher, state: initialState(teacher, 4) });
const square = (side: number): Shape => ({ height: side, width: side, channels: 3 });

const engine = await createEngine('reference', { threads: 1 });
afterAll(() => engine.dispose());

describe('SimKD', () => {
  it.each(golden)('has PyTorch’s value and gradients, through projector and frozen classifier: %s', (_, row) => {
    const shapes = { student: shapeOf(row.student), teacher: shapeOf(row.teacher) };
    const { network } = joined(bare('ours', shapes.student), bare('theirs', shapes.teacher));
    const session = engine.session(network, { optimizer: { name: 'sgd', momentum: 0, nesterov: false } });
    const start = [...initialState(network, 0)];
    const weights = new Map(
      start.map(([name, own]) => [name, row.weights[name] ? signed(name, own.length, 0.5) : own]),
    );
    session.write(weights);
    const step = session.trainStep({ batch: IMAGES, taps: [LAST_MAP] });
    step.input.set(signed(`student.${LAST_MAP}`, step.input.length, 2));
    step.forward(0, 0);
    const last = network.layers[network.taps[LAST_MAP]!]!.shape;
    const floats = IMAGES * shapes.teacher.height * shapes.teacher.width * shapes.teacher.channels;
    const { value, gradients } = evaluate({
      ...{ method: simkd, labels: new Int32Array(IMAGES) },
      shapes: { student: { [LAST_MAP]: last }, teacher: { [LAST_MAP]: shapes.teacher } },
      taps: {
        student: { [LAST_MAP]: Float64Array.from(step.tap(LAST_MAP)) },
        teacher: { [LAST_MAP]: Float64Array.from(signed(`teacher.${LAST_MAP}`, floats, 2)) },
      },
    });
    const slopes = signed('slopes', IMAGES * CLASSES);
    const beside = step.logits.reduce((sum, logit, at) => sum + logit * slopes[at]!, 0);
    expect(Math.abs((value + beside) / row.value - 1)).toBeLessThan(1e-6);
    step.tapGradient(LAST_MAP).set(gradients[LAST_MAP]!);
    step.logitsGradient.set(slopes);
    step.backward();
    const found = session.readGradients();
    const learned = Object.keys(row.weights).filter((name) => name.startsWith('projector.'));
    expect([...found.keys()].sort()).toEqual(learned.sort());
    for (const name of learned)
      expect(largestDifference(found.get(name)!, row.weights[name]!.gradient), name).toBeLessThan(2e-6);
    step.update({ learningRate: 0.1, weightDecay: 0.1 });
    for (const name of ['teacher.fc.weight', 'teacher.fc.bias'])
      expect(session.read().get(name)).toEqual(weights.get(name));
    session.dispose();
  });

  it('keeps the names of the student’s parameters, and has the projector of the authors’ program', () => {
    const [student, teacher] = [models.resnet8x4.build(square(32), 10), models.resnet32x4.build(square(32), 10)];
    const { network, given } = joined(student, teacher);
    const own = student.parameters.filter(({ name }) => !name.startsWith('fc.'));
    expect(network.parameters.slice(0, own.length)).toEqual(own);
    expect(
      network.parameters.slice(own.length).map(({ name, shape, trained }) => [name, shape.join(), trained]),
    ).toEqual([
      ['projector.0.weight', '128,256,1,1', true],
      ...['weight', 'bias'].map((leaf) => [`projector.1.${leaf}`, '128', true]),
      ...['running_mean', 'running_var'].map((leaf) => [`projector.1.${leaf}`, '128', false]),
      ['projector.3.weight', '128,128,3,3', true],
      ...['weight', 'bias'].map((leaf) => [`projector.4.${leaf}`, '128', true]),
      ...['running_mean', 'running_var'].map((leaf) => [`projector.4.${leaf}`, '128', false]),
      ['projector.6.weight', '256,128,1,1', true],
      ...['weight', 'bias'].map((leaf) => [`projector.7.${leaf}`, '256', true]),
      ...['running_mean', 'running_var'].map((leaf) => [`projector.7.${leaf}`, '256', false]),
      ['teacher.fc.weight', '10,256', false],
      ['teacher.fc.bias', '10', false],
    ]);
    expect([...given.keys()]).toEqual(['teacher.fc.weight', 'teacher.fc.bias']);
  });

  it('refuses a teacher whose classifier is more than a linear layer', () => {
    const [student, teacher] = [models.resnet18.build(square(64), 10), models.ghostnet.build(square(64), 10)];
    expect(() => joined(student, teacher)).toThrow(
      "SimKD takes over the teacher's classifier, and ghostnet has 3 layers behind its global average pool",
    );
  });
});
