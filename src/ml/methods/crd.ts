import { fail } from '../../core/failure.ts';
import { uniforms } from '../random/random.ts';
import type { Adapter } from '../algebra/adapter.ts';
import type { Node } from '../algebra/node.ts';
import type { KdMethod, Sides, TapShapes, TermStep } from './kd-method.ts';
import { adapter } from './terms/adapter.ts';
import { ClassSampler } from './terms/class-sampler.ts';
import { contrastSides, startOfBanks } from './terms/contrast-banks.ts';
import { flatRows, unitRows } from './terms/rows.ts';
import { requireTap, shapeOf } from './terms/taps.ts';

/** A linear layer on the features that the classifier reads. The teacher's is trained too; the teacher is not. */
function embedding(side: keyof Sides<unknown>, shapes: TapShapes, dimension: number): Adapter {
  const name = `crd.${side}.embedding`;
  return adapter({
    name,
    from: shapeOf(shapes[side], 'pooled'),
    differentiable: side === 'student',
    layers: (net) => net.linear(name, net.image, dimension),
  });
}

/** How the positive of an image is chosen. */
const POSITIVES: Readonly<Record<string, (sampler: ClassSampler, place: number, uniform: () => number) => number>> = {
  exact: (_, place) => place,
  relax: (sampler, place, uniform) => sampler.positive(place, uniform),
};

/** The most images of other classes that each image can be compared with. */
function boundedNegatives(sampler: ClassSampler, wanted: number): number {
  if (sampler.most > 0) return Math.min(wanted, sampler.most);
  return fail({
    code: 'one-class',
    message: 'CRD compares images with those of other classes, and all training images are of one',
    expected: 'a training split with at least two classes',
    fix: 'choose another method or another dataset',
  });
}

/** Name of what each image is compared with. */
const PLACES = 'places';

/**
 * Draws what each image of a batch is compared with, the positive in front: a function of (seed, step, place of the image)
 * alone.
 */
function placesDrawer(sampler: ClassSampler, negatives: number, sample: unknown): (step: TermStep) => Float32Array {
  const positiveOf = typeof sample === 'string' ? POSITIVES[sample] : undefined;
  if (!positiveOf) throw new Error(`CRD has no sample ${JSON.stringify(sample)}`);
  const each = 1 + negatives;
  return ({ indices, draw }) => {
    const places = new Float32Array(indices.length * each);
    indices.forEach((place, image) => {
      const uniform = uniforms(draw.seed, 'contrast', draw.step, place);
      const row = places.subarray(image * each, (image + 1) * each);
      row[0] = positiveOf(sampler, place, uniform);
      sampler.negatives(place, row.subarray(1), uniform);
    });
    return places;
  };
}

/**
 * Contrastive representation distillation: an image's features have to find the same image among K others in a bank of
 * the other side's features, by noise-contrastive estimation ({@link contrastSides}); the losses of both sides are added.
 * Features are linear embeddings of what the classifiers read, at length 1; banks follow them as moving averages. The
 * authors' program draws negatives with replacement where K exceeds what there is; here K is bounded.
 */
export const contrastive: KdMethod = {
  name: 'CRD',
  source: 'Tian, Krishnan, Isola: Contrastive Representation Distillation, ICLR 2020',
  options: {
    crd_dimension: { type: 'integer', minimum: 1, default: 128, description: 'Numbers of an embedding.' },
    crd_negatives: {
      type: 'integer',
      minimum: 1,
      default: 16384,
      description: 'K: images of other classes that each is compared with; no more than there are.',
    },
    crd_temperature: {
      type: 'number',
      // The memory keeps Z in float32, and Z may be n · exp(1/τ).
      minimum: 0.02,
      default: 0.07,
      description: 'τ: products of features are divided by it.',
    },
    crd_momentum: {
      type: 'number',
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.5,
      description: 'Share of the old entry of a bank when its image comes again.',
    },
    crd_sample: {
      enum: ['exact', 'relax'],
      default: 'exact',
      description: 'Positive of an image. exact: the image itself; relax: any of its class.',
    },
  },
  weighting: 'odds',
  published: { weight: 0.8, source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 0.8' },
  taps: (_, available) => requireTap('CRD', 'pooled', available),
  create: (options, shapes, _, { labels, seed }) => {
    const dimension = Number(options['crd_dimension']);
    const sampler = new ClassSampler(labels);
    const negatives = boundedNegatives(sampler, Number(options['crd_negatives']));
    const drawPlaces = placesDrawer(sampler, negatives, options['crd_sample']);
    const banks = {
      images: labels.length,
      dimension,
      seed,
      temperature: Number(options['crd_temperature']),
      momentum: Number(options['crd_momentum']),
    };
    const ofStudent = embedding('student', shapes, dimension);
    const ofTeacher = embedding('teacher', shapes, dimension);
    return {
      adapters: [ofStudent, ofTeacher],
      memory: startOfBanks(banks),
      loss: (inputs) => {
        const { student, teacher, images, adapt, step } = inputs;
        const featuresOf = (embed: Adapter, pooled: Node): Node => unitRows(flatRows(adapt(embed, pooled)));
        const features = {
          student: featuresOf(ofStudent, student('pooled')),
          teacher: featuresOf(ofTeacher, teacher('pooled')),
        };
        return contrastSides(features, step(PLACES, [images, 1 + negatives]), inputs, banks);
      },
      fill: (step) => ({ [PLACES]: drawPlaces(step) }),
    };
  },
};
