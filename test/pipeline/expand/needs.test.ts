import { describe, expect, it } from 'vitest';
import { CellReference } from '../../../src/core/plan.ts';
import type { StageKind } from '../../../src/stages/stage-kind.ts';
import { kinds as small } from '../support/kinds.ts';
import { cellOf, failuresOf, idsOf, planOf, problemsOf, underlined } from '../support/planning.ts';
import { kindWith } from '../support/stand-in.ts';
import { yamlOf } from '../support/yaml.ts';

const fetch: StageKind = {
  ...kindWith({ url: { type: 'string', pattern: '^https:' }, retries: { type: 'integer', default: 3 } }),
  ...{ name: 'fetch', required: ['url'], outputs: () => ({ file: 'file' }) },
};

const published: StageKind = {
  ...kindWith({
    model: { type: 'string', 'x-registry': 'models' },
    from: { type: 'string' },
    file: { 'x-input': { kinds: ['fetch'], output: 'file' } },
  }),
  ...{ name: 'published', required: ['model', 'from'], outputs: () => ({ weights: 'weights' }) },
  needs: ({ from }) =>
    typeof from === 'string' && from.includes('://')
      ? [{ by: 'from', param: 'file', kind: 'fetch', params: { url: from } }]
      : [],
};

const training: StageKind = {
  ...small['train-teacher'],
  params: {
    ...small['train-teacher'].params,
    weights: { 'x-input': { kinds: ['published'], output: 'weights', text: 'a path or an address' } },
  },
  needs: ({ weights, model }) =>
    typeof weights === 'string'
      ? [{ by: 'weights', param: 'weights', kind: 'published', params: { model: model as string, from: weights } }]
      : [],
};

const options = { kinds: { ...small, fetch, published, 'train-teacher': training } };

const pipeline = (matrix: object, extra: object = {}, defaults: object = {}) =>
  yamlOf({
    name: 'needs',
    defaults,
    stages: {
      birds: { uses: 'dataset', with: { source: 'x', root: 'y' } },
      teacher: { uses: 'train-teacher', matrix, with: { data: '${stages.birds}' } },
      ...extra,
    },
  });

const https = 'https://weights.example/resnet50.pth';

describe('a cell that is needed but not named', () => {
  it('is planned before the cells that need it, once for all that want the same, with what it needs itself', () => {
    const plan = planOf(
      pipeline({ model: ['resnet50', 'resnet18'], seed: [0, 1, 2], weights: [https, 'own.pth'] }),
      options,
    );
    expect(idsOf(plan).slice(0, 5)).toEqual([
      'fetch[url=https://weights.example/resnet50.pth]',
      `published[from=${https},model=resnet50]`,
      'published[from=own.pth,model=resnet50]',
      `published[from=${https},model=resnet18]`,
      'published[from=own.pth,model=resnet18]',
    ]);
    expect(idsOf(plan, 'teacher')).toHaveLength(12);
  });

  it('stands as a reference where it was asked for', () => {
    const plan = planOf(pipeline({ model: ['resnet50'], weights: [https] }), options);
    const teacher = cellOf(plan, `teacher[model=resnet50,weights=${https}]`);
    expect(teacher.params['weights']).toEqual(new CellReference(`published[from=${https},model=resnet50]`, undefined));
    expect(teacher.needs).toEqual(['birds', `published[from=${https},model=resnet50]`]);
    expect(cellOf(plan, `fetch[url=${https}]`).params).toEqual({ url: https, retries: 3 });
  });

  it('has the defaults that the file gives its kind', () => {
    const text = pipeline({ model: ['resnet50'], weights: [https] }, {}, { fetch: { retries: 7 } });
    expect(cellOf(planOf(text, options), `fetch[url=${https}]`).params['retries']).toBe(7);
  });

  it('takes its texts as they are, whatever the language means by them', () => {
    const plan = planOf(pipeline({ model: ['resnet50'], weights: ['$${params.x}.pth'] }), options);
    expect(idsOf(plan, 'published').map((id) => cellOf(plan, id).params['from'])).toEqual(['${params.x}.pth']);
  });

  it('shows its problems at what asked for it', () => {
    const text = pipeline({ model: ['resnet50'], weights: ['ftp://weights.example/a.pth'] });
    const [failure, ...others] = failuresOf(text, options);
    expect(others).toEqual([]);
    expect(failure?.message).toContain('parameter url');
    expect(failure && underlined(failure)).toContain('ftp://weights.example/a.pth');
  });

  it('leaves its name to no other stage', () => {
    const own = { fetch: { uses: 'fetch', with: { url: https } } };
    expect(problemsOf(pipeline({ model: ['resnet50'], weights: ['a.pth'] }, own), options)).toEqual([]);
    expect(problemsOf(pipeline({ model: ['resnet50'], weights: [https] }, own), options)).toEqual([
      expect.stringContaining('taken-name: a stage is called fetch, which is the name of the cells that this needs'),
    ]);
  });
});
