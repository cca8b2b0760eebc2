/** What `profile: original` sets: that which the original experiments did beside what they meant to do. */
const original = { schedule: 'cosine-restart-wave', dropout: 0.2, kept_weights: 'float16' } as const;

/**
 * What `profile: repdistiller` and `mdistiller` set: the recipe of the field's table of CIFAR-100 (Tian, Krishnan, Isola, ICLR 2020;
 * Zhao et al., CVPR 2022), whose programs share it. Mobile networks have lr 0.01 there.
 */
const cifar = {
  epochs: 240,
  batch_size: 64,
  optimizer: 'sgd',
  lr: 0.05,
  momentum: 0.9,
  nesterov: false,
  weight_decay: 5e-4,
  weight_decay_groups: 'all',
  schedule: 'milestones',
  milestones: [150, 180, 210],
  step_gamma: 0.1,
  label_smoothing: 0,
  crop: 'pad',
  crop_padding: 4,
  padding_mode: 'constant',
  flip: true,
  select: 'last',
  patience: 0,
} as const;

/** Defaults of other parameters, by the name of a profile. */
export const recipeProfiles = { original, repdistiller: cifar, mdistiller: cifar } as const;
