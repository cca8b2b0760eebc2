import { fail } from '../../core/failure.ts';
import { NetworkBuilder, type Head } from '../network/builder.ts';
import { joinNetworks, withFrozen } from '../network/join.ts';
import { LAST_MAP, requireLastMap, withLastMap } from '../network/last-map.ts';
import type { LayerIndex, Network, Shape, StateDict } from '../network/network.ts';
import type { JoinedNetwork, KdMethod, Sides, TrainedNetwork } from './kd-method.ts';
import { meanSquare, poolToSmaller } from './terms/maps.ts';
import { MULTIPLE, requireSizes, requireTap } from './terms/taps.ts';

/** What of a teacher is taken over: its last map's shape, and the linear layer behind the global average pool. */
function reusedOf({ network }: TrainedNetwork): { readonly shape: Shape; readonly classifier: string } {
  const { shape, head } = requireLastMap(network);
  const [classifier, ...more] = head;
  if (classifier?.kind === 'linear' && more.length === 0) return { shape, classifier: classifier.name };
  return fail({
    code: 'no-plain-classifier',
    message: `SimKD takes over the teacher's classifier, and ${network.model} has ${head.length} layers behind its global average pool`,
    expected: 'a teacher with one linear layer there',
    fix: 'choose another teacher, or another method',
  });
}

/** Convolutions 1×1, 3×3, 1×1, each with batch norm and ReLU, on a map that is pooled first where it is larger; then the head. */
function projector({ student, teacher }: Sides<Shape>, factor: number, head: Head): Network {
  const net = new NetworkBuilder('projector', student);
  const kernel = student.height / teacher.height;
  const pooled = kernel > 1 ? net.pool('projector.pool', net.image, 'average', { kernel }) : net.image;
  const hidden = Math.max(1, Math.floor(teacher.channels / factor));
  const windows = [
    { channels: hidden, kernel: 1 },
    { channels: hidden, kernel: 3 },
    { channels: teacher.channels, kernel: 1 },
  ];
  const projected = windows.reduce<LayerIndex>((map, window, k) => {
    const name = (part: number): string => `projector.${3 * k + part}`;
    return net.activation(name(2), net.batchNorm(name(1), net.conv(name(0), map, window)));
  }, pooled);
  return net.classifier(projected, head);
}

/** The teacher's classifier under the names that it has in the student. */
function frozenOf({ state }: TrainedNetwork, classifier: string): StateDict {
  const own = [...state].filter(([name]) => name === `${classifier}.weight` || name === `${classifier}.bias`);
  return new Map(own.map(([name, values]) => [`teacher.${name}`, values]));
}

function join(student: Network, teacher: TrainedNetwork, factor: number): JoinedNetwork {
  const { shape, classifier } = reusedOf(teacher);
  const last = requireLastMap(student);
  const maps = { student: { [LAST_MAP]: last.shape }, teacher: { [LAST_MAP]: shape } };
  requireSizes('SimKD', MULTIPLE, maps, maps);
  const head = { name: `teacher.${classifier}`, classes: teacher.network.classes };
  const tail = projector({ student: last.shape, teacher: shape }, factor, head);
  const model = `${student.model}-simkd-${teacher.network.model}`;
  const given = frozenOf(teacher, classifier);
  const network = withLastMap(joinNetworks(model, student, last.layer, tail));
  return { network: withFrozen(network, given.keys()), given };
}

/**
 * The teacher's classifier, reused: the student's last map goes through a projector into the teacher's own pooling and frozen
 * classifier, and all that is learned is to make the teacher's last map, L = mean (p(f_s) − f_t)². Of maps of two sizes the larger one is
 * average-pooled. The projector stays with the student; a supervised loss beside it reaches both through the frozen classifier.
 */
export const simkd: KdMethod = {
  name: 'SimKD',
  source: 'Chen, Mei, Zhang, Wang, Feng, Chen: Knowledge Distillation with the Reused Teacher Classifier, CVPR 2022',
  options: {
    simkd_factor: {
      type: 'integer',
      minimum: 1,
      default: 2,
      description:
        'The projector has the teacher’s channels divided by it between its 1×1 convolutions: fewer parameters.',
    },
  },
  weighting: 'odds',
  published: { weight: 1, ceWeight: 0, source: 'the authors’ program, for CIFAR-100 and ImageNet: -c 0 -d 0 -b 1' },
  network: ({ simkd_factor: factor }, student, teacher) => join(student, teacher, Number(factor)),
  taps: (_, available) => requireTap('SimKD', LAST_MAP, available),
  create: (_, shapes, all) => {
    requireSizes('SimKD', MULTIPLE, shapes, all);
    return {
      loss: ({ student, teacher }) => meanSquare(...poolToSmaller(student(LAST_MAP), teacher(LAST_MAP))),
    };
  },
};
