import type { Split } from '../../packed.ts';

/** Words for splits, as people name folders. */
const WORDS: Readonly<Record<Split, readonly string[]>> = {
  train: ['train', 'training', 'trn', 'trainval', 'learn', 'learning'],
  val: ['val', 'valid', 'validation', 'validate', 'validating', 'dev', 'development'],
  test: ['test', 'testing', 'tst', 'eval', 'evaluation', 'holdout', 'heldout'],
};

const splitOfWord: ReadonlyMap<string, Split> = new Map(
  (['train', 'val', 'test'] as const).flatMap((split) => WORDS[split].map((word) => [word, split] as const)),
);

/** What people write behind the word without a space: `trainset`, `testimages`. */
const SUFFIX = /(?:set|data|dataset|images?|imgs?|pics|pictures|photos|files|split)$/;

/** The words of a name: `TrainingSet_01` has training, set. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter(Boolean);
}

/**
 * The split that a folder's name says: in any spelling, with numbers and other words beside (`Training`, `test_set`,
 * `seg_train`, `train2017`).
 *
 * @param name - of the folder
 * @returns the split; undefined where the name has no such word, or words of several splits
 */
export function splitNamed(name: string): Split | undefined {
  const splits = new Set(
    wordsOf(name).flatMap((word) => splitOfWord.get(word) ?? splitOfWord.get(word.replace(SUFFIX, '')) ?? []),
  );
  return splits.size === 1 ? [...splits][0] : undefined;
}
