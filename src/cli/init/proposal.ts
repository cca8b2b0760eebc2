import type { Measurement } from '../../ml/bench/measure.ts';
import type { Survey } from '../../ml/bench/survey.ts';
import type { Study } from './study.ts';

/** What suits images: a side for networks' inputs, and networks. */
export interface Proposal {
  /** Side of a network's input; null leaves it to the source. */
  readonly imageSize: number | null;
  readonly teacher: string;
  readonly student: string;
  readonly pretrained: boolean;
}

/** Sides of inputs, and the largest median side of images that each is proposed for. */
const sides = [
  { side: 32, upTo: 40 },
  { side: 64, upTo: 96 },
  { side: 128, upTo: 160 },
] as const;
/** Fewer images than this can teach no network of millions of parameters; small ones learn them in minutes. */
const fewImages = 2000;

/**
 * Proposes a side for inputs: about that of the images; of few images no more than small networks take.
 *
 * @param survey - what the images are
 * @returns pixels
 */
export function sideFor(survey: Survey): number {
  const side = sides.find(({ upTo }) => survey.side.median <= upTo)?.side ?? 224;
  return survey.images < fewImages ? Math.min(64, side) : side;
}

/**
 * The side of inputs that a source has where none is asked for.
 *
 * @param source - registered source
 * @returns pixels
 */
export const ownSide = (source: string): number => (source === 'image-folder' || source === 'cub-200-2011' ? 224 : 32);

/**
 * Proposes networks: those of small images up to 64 pixels, else those with published weights, the smaller ones for
 * images of one's own.
 *
 * @param source - registered source
 * @param imageSize - side in pixels that was asked for; null for what suits
 * @param survey - what the images are, where they were looked at
 * @returns what fits
 */
export function proposalFor(source: string, imageSize: number | null, survey?: Survey): Proposal {
  const own = survey ? sideFor(survey) : null;
  const asked = imageSize ?? own;
  const side = asked ?? ownSide(source);
  if (side <= 64) return { imageSize: asked, teacher: 'resnet20', student: 'resnet8', pretrained: false };
  const teacher = source === 'cub-200-2011' ? 'resnet50' : 'resnet18';
  return { imageSize: asked, teacher, student: 'mobilenetv2', pretrained: true };
}

/** Speeds of a study's networks, images a second. */
export type Speeds = ReadonlyMap<string, Pick<Measurement, 'training' | 'frozen'>>;

/** The share of images that trains, where a source cuts its splits: val and test are evaluated. */
const trainShare = 0.64;
/** Decoding, starting, validation after each epoch and distillation terms, on top of the steps themselves. */
const overhead = 1.3;
/** Seconds that each training and its evaluation take beside. */
const perCell = 1.5;

/**
 * Estimates how long a study takes on this machine, by measured speeds. Students of a seed run as a cohort: the teacher
 * sees each batch once for all of them.
 *
 * @param study - the study
 * @param methods - how many ways of distilling it tries
 * @param images - of its dataset
 * @param speeds - of its teacher and students
 * @returns seconds; undefined where the speed of a network is not known
 */
export function studySeconds(study: Study, methods: number, images: number, speeds: Speeds): number | undefined {
  const { teacher, students, seeds, epochs } = study;
  const seen = images * trainShare * epochs;
  const taught = speeds.get(teacher);
  if (!taught) return undefined;
  let seconds = seen / taught.training + (seeds * seen) / taught.frozen;
  for (const student of students) {
    const own = speeds.get(student);
    if (!own) return undefined;
    seconds += ((1 + methods) * seeds * seen) / own.training;
  }
  return seconds * overhead + perCell * (1 + (1 + methods) * seeds * students.length);
}

/** Epochs that are proposed, most first, and how long a first study may take with them. */
const epochChoices = [60, 40, 30, 20, 10] as const;
const patience = 15 * 60;

/**
 * Proposes epochs: as many as a first study has time for.
 *
 * @param secondsOf - how long the study takes with some epochs; undefined where that is not known
 * @returns epochs; 30 where nothing is known
 */
export function epochsFor(secondsOf: (epochs: number) => number | undefined): number {
  if (secondsOf(1) === undefined) return 30;
  return epochChoices.find((epochs) => (secondsOf(epochs) ?? Infinity) <= patience) ?? 5;
}

/**
 * Says what was seen of images.
 *
 * @param survey - what was seen
 * @returns `360 images of 4 classes, 24 to 64 pixels`
 */
export function surveyText(survey: Survey): string {
  const { images, classes, side } = survey;
  const size = side.smallest === side.largest ? `${side.smallest}` : `${side.smallest} to ${side.largest}`;
  return `${images} images of ${classes} classes, ${size} pixels`;
}
