import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cell, Plan } from '../../src/core/plan.ts';
import { unwrap } from '../../src/core/result.ts';
import { planPipeline } from '../../src/pipeline/plan.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';

const files = readdirSync('pipelines', { recursive: true, encoding: 'utf8' })
  .map((file) => join('pipelines', file))
  .filter((file) => file.endsWith('.yaml') && !file.includes('published'))
  .sort();

function planOf(file: string, overrides: readonly string[] = []): Plan {
  const source = { file, text: readFileSync(file, 'utf8') };
  const planned = unwrap(planPipeline(source, { env: {}, overrides, kinds, catalogue: catalogue() }));
  expect(planned.faults).toEqual([]);
  return planned.plan;
}

const isTraining = ({ kind }: Cell): boolean => kind === 'train-teacher' || kind === 'distill-student';

describe.each(files)('%s', (file) => {
  it('plans, and all its tables and plots have cells', () => {
    const { cells, tables, plots } = planOf(file);
    expect(cells.length).toBeGreaterThan(2);
    expect(tables.length + plots.length).toBeGreaterThan(0);
    for (const shown of [...tables, ...plots]) expect(shown.cells.length, shown.name).toBeGreaterThan(1);
  });
});

describe('the study on CUB-200-2011', () => {
  const study = planOf('pipelines/cub.yaml');
  const named = new Map(study.cells.map((cell) => [cell.id, cell]));

  it('is 23 trainings, each of which is scored, on weights that are fetched once a network', () => {
    expect(study.cells.filter(isTraining)).toHaveLength(23);
    expect(study.cells.filter(({ kind }) => kind === 'evaluate')).toHaveLength(23);
    const pretrained = study.cells.filter(({ kind }) => kind === 'pretrained');
    expect(pretrained.map(({ params }) => params['model']).sort()).toEqual(
      ['efficientnet_v2_s', 'ghostnet', 'mobilenetv2', 'resnet50'].sort(),
    );
  });

  it('has as many of each with three seeds, a student’s teacher having its own', () => {
    const { cells } = planOf('pipelines/cub.yaml', ['seeds=3']);
    expect(cells.filter(isTraining)).toHaveLength(69);
    const byId = new Map(cells.map((cell) => [cell.id, cell]));
    for (const { params, needs, kind } of cells) {
      if (kind !== 'distill-student') continue;
      const teachers = needs.map((id) => byId.get(id)).filter((cell) => cell !== undefined && isTraining(cell));
      expect(teachers.map((cell) => cell?.params['seed'])).toEqual([params['seed']]);
    }
  });

  it.each(files.filter((file) => file.startsWith('pipelines/cub/') && !file.endsWith('ratio.yaml')))(
    'is what %s shows a group of: the same cells, so that results are shared',
    (file) => {
      const { cells, tables } = planOf(file);
      for (const cell of cells) {
        const { params, kind } = named.get(cell.id) ?? {};
        expect({ id: cell.id, params, kind }).toEqual({ id: cell.id, params: cell.params, kind: cell.kind });
      }
      for (const { name, cells: shown, rows, columns } of tables)
        expect(study.tables.find((table) => table.name === name)).toMatchObject({ rows, columns, cells: shown });
    },
  );
});

describe('the field’s table on CIFAR-100', () => {
  const { cells } = planOf('pipelines/cifar100.yaml');
  const of = (kind: string) => cells.filter((cell) => cell.kind === kind);

  it('is 423 trainings, six of them teachers that all students share', () => {
    expect(cells.filter(isTraining)).toHaveLength(423);
    const teachers = of('train-teacher').filter(({ id }) => id.startsWith('teacher'));
    expect(teachers).toHaveLength(6);
    const shared = new Set(
      of('distill-student').flatMap(({ needs }) => needs.filter((id) => id.startsWith('teacher'))),
    );
    expect([...shared].sort()).toEqual(teachers.map(({ id }) => id).sort());
  });

  it('has the recipe of its programs, and the weights that they have', () => {
    const { params } = of('train-teacher')[0]!;
    expect(params).toMatchObject({
      ...{ epochs: 240, optimizer: 'sgd', lr: 0.05, nesterov: false, weight_decay: 5e-4, weight_decay_groups: 'all' },
      ...{
        schedule: 'milestones',
        milestones: [150, 180, 210],
        crop: 'pad',
        flip: true,
        label_smoothing: 0,
        select: 'last',
      },
    });
    const weights = of('distill-student').map((cell): [unknown, unknown[]] => {
      const { kd_method: method, kd_weight: weight, ce_weight: beside = 1, ramp } = cell.params;
      return [method, [weight, beside, ramp]];
    });
    expect(Object.fromEntries(weights)).toEqual({
      ...{ SoftTarget: [0.9, 0.1, 0], LogitStd: [9, 0.1, 0], DKD: [1, 1, 20] },
      ...{ FitNet: [100, 1, 0], AT: [1000, 1, 0], PKT: [30_000, 1, 0], RKD: [1, 1, 0], VID: [1, 1, 0] },
      ...{ NST: [50, 1, 0], CRD: [0.8, 1, 0] },
    });
    const mobile = cells.filter(({ params: { model } }) => /^(mobile_half|shuffle_v[12])$/.test(String(model)));
    expect(mobile.filter(isTraining).every((cell) => cell.params['lr'] === 0.01)).toBe(true);
  });
});
