/** What is measured: networks as they are trained in practice. */
import { models } from '../../../src/ml/models/registry.ts';
import type { Case } from './case.ts';

type Situation = Omit<Case, 'threads'>;
const situation = (model: string, size: number, batch: number, mode: Case['mode']): Situation => ({
  ...{ model, size, batch, mode },
  classes: size > 32 ? 200 : 10,
});

const SITUATIONS: readonly Situation[] = [
  situation('resnet20', 32, 64, 'train'),
  situation('resnet20', 32, 64, 'frozen'),
  situation('mobilenetv2', 32, 64, 'train'),
  situation('mobilenetv2', 224, 16, 'train'),
  situation('mobilenetv2', 224, 16, 'frozen'),
  situation('resnet50', 224, 8, 'train'),
  situation('resnet50', 224, 16, 'frozen'),
  situation('ghostnet', 224, 8, 'train'),
  situation('efficientnet_v2_s', 224, 8, 'train'),
  situation('resnet20', 32, 64, 'amp'),
  situation('mobilenetv2', 224, 16, 'amp'),
  situation('resnet50', 224, 8, 'amp'),
];
const THREADS = [1, 2];

/** `resnet20 32² b64 train` */
export const named = ({ model, size, batch, mode }: Situation): string => `${model} ${size}² b${batch} ${mode}`;

/** The value of `name=value` among the words of a command line. */
export const settingOf = (args: readonly string[], name: string): string | undefined =>
  args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

/**
 * Chooses among the situations.
 *
 * @param args - words that a situation's name must all have, or one of several (`resnet20,resnet50 train`); `threads=1`
 * @returns them, for each number of threads
 */
export function casesOf(args: readonly string[]): readonly Case[] {
  const threads = settingOf(args, 'threads')?.split(',').map(Number) ?? THREADS;
  const words = args.filter((word) => !word.includes('='));
  const wordsOf = (one: Situation): readonly string[] => [...named(one).split(' '), String(one.size)];
  return SITUATIONS.filter(
    (one) =>
      one.model in models && words.every((word) => word.split(',').some((choice) => wordsOf(one).includes(choice))),
  ).flatMap((one) => threads.map((team): Case => ({ ...one, threads: team })));
}
