import { describe, expect, it } from 'vitest';
import { splitNamed } from '../../../../../src/ml/data/sources/image-folder/split-words.ts';

describe('the name of a folder says', () => {
  it.each([
    ...['train', 'Train', 'TRAIN', 'Training', 'training_set', 'train_set', 'train-images', 'TrainingSet', 'trainset'],
    ...['train2017', '01_train', 'seg_train', 'train.X1', 'images_train', 'trainA', 'asl_alphabet_train', 'traindata'],
    ...['trainval', 'training data', 'trainimages'],
  ])('train: %s', (name) => expect(splitNamed(name)).toBe('train'));

  it.each([
    'val',
    'VAL',
    'valid',
    'Validation',
    'validation_set',
    'dev',
    'val_set',
    'valset',
    'val2017',
    'Valid Images',
  ])('val: %s', (name) => expect(splitNamed(name)).toBe('val'));

  it.each([
    'test',
    'Testing',
    'TEST',
    'test_set',
    'testset',
    'eval',
    'Evaluation',
    'test-images',
    'holdout',
    'seg_test',
  ])('test: %s', (name) => expect(splitNamed(name)).toBe('test'));

  it.each([
    'trained',
    'strain',
    'restrained',
    'contest',
    'value',
    'valley',
    'device',
    'latest',
    'evaluate me not',
    'cat',
    '1',
  ])('nothing: %s', (name) => expect(splitNamed(name)).toBeUndefined());

  it('nothing where it has words of several splits', () => expect(splitNamed('train_test')).toBeUndefined());
});
