import { describe, expect, it } from 'vitest';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

interface Parts {
  readonly data?: string;
  readonly weights?: string;
}

const problems = ({ data = '', weights = '' }: Parts) => {
  const text = `name: trial
stages:
  digits: { uses: dataset, with: { source: mnist-digits, ${data} } }
  outside: { uses: pretrained, with: { model: resnet20, ${weights || 'from: w.pth'} } }
  score: { uses: evaluate, with: { data: "\${stages.digits}", of: "\${stages.outside}" } }
  said: { uses: predict, with: { data: "\${stages.digits}", of: "\${stages.outside}" } }
  student:
    uses: distill-student
    with: { data: "\${stages.digits}", teacher: "\${stages.outside}", model: convnet4, kd_method: SoftTarget, kd_ratio: 0.5 }
`;
  const plan = planPipeline({ file: 'p.yaml', text }, { kinds, catalogue: catalogue(), env: {}, overrides: [] });
  return plan.ok ? [] : plan.failures.map(({ code, message, place }) => `${place?.line} ${code}: ${message}`);
};

describe('weights from elsewhere', () => {
  it('that say nothing of their images fit any dataset', () => {
    expect(problems({ data: 'mean_std: data, image_size: 64' })).toEqual([]);
  });

  it.each([
    ['image_size: 32', 'image_size: 64', 'image_size: 64, and the dataset has image_size: 32'],
    ['', 'crop: 0.875', 'crop: 0.875, and the dataset has crop_pct: 1'],
    ['', 'interpolation: bicubic', 'interpolation: bicubic, and the dataset has interpolation: bilinear'],
  ])('that want other images than the dataset has (%s) are refused by all who show them: %s', (data, said, message) => {
    expect(problems({ data, weights: `from: w.pth, ${said}` })).toEqual(
      [5, 6, 9].map((line) => `${line} other-input: the weights want ${message}`),
    );
  });

  it.each([
    ['image_size: 32', 'image_size: 32'],
    // The source's own size is known when it is packed.
    ['', 'image_size: 32'],
    ['', 'interpolation: bilinear, crop: 1, mean_std: imagenet'],
    ['interpolation: bicubic, crop_pct: 0.875', 'interpolation: bicubic, crop: 0.875'],
    ['mean_std: [[0.5, 0.5, 0.5], [1, 1, 1]]', 'mean_std: [[0.50, 0.5, 0.5], [1.0, 1, 1]]'],
    // Numbers may be those of the name.
    ['mean_std: [[0.5, 0.5, 0.5], [1, 1, 1]]', 'mean_std: imagenet'],
  ])('that want what the dataset may have (%s) are taken: %s', (data, said) => {
    expect(problems({ data, weights: `from: w.pth, ${said}` })).toEqual([]);
  });

  it.each([
    ['mean_std: data', 'from: w.pth, mean_std: imagenet', 'imagenet', 'data'],
    [
      'mean_std: [[0.5, 0.5, 0.5], [1, 1, 1]]',
      'from: w.pth, mean_std: [[0, 0, 0], [1, 1, 1]]',
      '[[0,0,0],[1,1,1]]',
      '[[0.5,0.5,0.5],[1,1,1]]',
    ],
  ])('of another normalisation (%s) teach nobody: %s', (data, weights, wanted, shown) => {
    expect(problems({ data, weights })).toEqual([
      `9 other-normalisation: resnet20 is trained on images normalised by mean_std: ${wanted}, and is shown those of mean_std: ${shown}`,
    ]);
  });

  it.each(['mean_std: data', 'interpolation: nearest', 'crop: 1.2', 'state: average'])(
    'are not told what no weights want: %s',
    (said) => {
      expect(problems({ weights: `from: w.pth, ${said}` }).length).toBeGreaterThan(0);
    },
  );
});
