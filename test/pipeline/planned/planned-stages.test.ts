import { describe, expect, it } from 'vitest';
import { CellReference, type Value } from '../../../src/core/plan.ts';
import { parseSelector } from '../../../src/cells/selector.ts';
import { StageCells } from '../../../src/pipeline/planned/stage-cells.ts';
import { PlannedStages } from '../../../src/pipeline/planned/planned-stages.ts';
import { kinds } from '../support/kinds.ts';
import { cellWith, worldOf } from '../support/stand-in.ts';

const teacher = cellWith({
  id: 't[model=resnet50]',
  kind: 'train-teacher',
  axes: { model: 'resnet50' },
  params: { model: 'resnet50', epochs: 7, data: new CellReference('d', 'data'), split: { val: 0.5 } },
});
const student = cellWith({
  id: 's[t=t[model=resnet50],seed=1]',
  kind: 'distill-student',
  axes: { t: new CellReference('t[model=resnet50]'), seed: 1 },
  params: { epochs: 3 },
});
const world = worldOf([cellWith({ id: 'd', params: { source: 'mnist' } }), teacher, student]);
const ref = new CellReference(student.cell.id);

describe('World', () => {
  it('knows the kinds that are registered, and nothing that every object has', () => {
    expect(world.kindNames).toEqual(Object.keys(kinds));
    expect(world.kind('dataset')).toBe(kinds.dataset);
    for (const name of ['datset', 'constructor', 'toString']) expect(world.kind(name)).toBeUndefined();
  });

  it('finds cells and stages that were added, and no others', () => {
    expect(world.find('d')?.cell.id).toBe('d');
    expect(world.find('e')).toBeUndefined();
    expect(world.stage('t')?.cells.map(({ cell }) => cell.id)).toEqual(['t[model=resnet50]']);
    expect(world.stage('x')).toBeUndefined();
  });

  it.each<[string, Value | undefined]>([
    ['', ref],
    ['seed', 1],
    ['epochs', 3],
    ['t', new CellReference('t[model=resnet50]')],
    ['t.epochs', 7],
    ['model', 'resnet50'],
    ['t.split.val', 0.5],
    ['t.data', new CellReference('d', 'data')],
    ['t.data.source', 'mnist'],
    ['weights', new CellReference(student.cell.id, 'weights')],
    ['t.log', new CellReference('t[model=resnet50]', 'log')],
    ['nothing', undefined],
    ['t.nothing', undefined],
    ['seed.nothing', undefined],
    ['constructor', undefined],
    ['t.split.constructor', undefined],
  ])('reaches through cells: %s', (path, value) => {
    expect(world.follow(ref, path === '' ? [] : path.split('.'))).toEqual(value);
  });

  it('knows which names can be reached', () => {
    expect(world.nextKeys(ref)).toEqual(expect.arrayContaining(['seed', 't', 'model', 'epochs', 'weights', 'log']));
    expect(world.nextKeys({ a: 1, b: 2 })).toEqual(['a', 'b']);
    expect(world.nextKeys(3)).toEqual([]);
    expect(world.nextKeys(new CellReference('nowhere'))).toEqual([]);
  });

  it('gives the outputs of a cell, the main one first', () => {
    expect(world.outputs(teacher)).toEqual(['weights', 'log']);
    expect(world.outputs(cellWith({ id: 'd' }))).toEqual(['data']);
  });

  it('gives no outputs of a stage that has problems: they may depend on what is wrong', () => {
    const ill = worldOf([teacher], false);
    expect(ill.outputs(teacher)).toBeUndefined();
    expect(ill.follow(new CellReference(teacher.cell.id), ['weights'])).toBeUndefined();
    expect(ill.isSound(new CellReference(teacher.cell.id))).toBe(false);
  });

  it('takes every value for sound that is no cell of a stage with problems', () => {
    expect(world.isSound(ref)).toBe(true);
    expect(world.isSound(3)).toBe(true);
    expect(world.isSound(new CellReference('nowhere'))).toBe(true);
  });

  it('asks a kind for the outputs of a cell once', () => {
    let asked = 0;
    const outputs = (): Record<string, string> => {
      asked++;
      return { data: 'data' };
    };
    const counting = new PlannedStages({ dataset: { ...kinds.dataset, outputs } });
    const cell = cellWith({ id: 'd' });
    counting.add('d', new StageCells([cell], true));
    expect([counting.outputs(cell), counting.outputs(cell)]).toEqual([['data'], ['data']]);
    expect(asked).toBe(1);
  });
});

describe('StageCells', () => {
  const cells = ['a', 'b'].flatMap((m) =>
    [0, 1].map((seed) => cellWith({ id: `x[m=${m},seed=${seed}]`, axes: { m, seed } })),
  );
  const extra = cellWith({ id: 'x[lr=1,m=a]', axes: { lr: 1, m: 'a' } });
  const stage = new StageCells([...cells, extra], true);
  const selector = (text: string): NonNullable<ReturnType<typeof parseSelector>>['selector'] => {
    const parsed = parseSelector(text);
    if (!parsed) throw new Error(`${text} is no selector`);
    return parsed.selector;
  };
  const agreeing = (axes: Record<string, Value>, open: readonly string[] = [], text = 'x'): unknown => {
    const joined = new Set<string>();
    const found = stage.view(selector(text), world.find).agreeing({ axes, parents: [] }, new Set(open), joined);
    return { ids: found.map(({ cell }) => cell.id.slice(2, -1)), joined: [...joined] };
  };

  it.each<[string, readonly string[]]>([
    ['x', ['m=a,seed=0', 'm=a,seed=1', 'm=b,seed=0', 'm=b,seed=1', 'lr=1,m=a']],
    ['x[*]', ['m=a,seed=0', 'm=a,seed=1', 'm=b,seed=0', 'm=b,seed=1', 'lr=1,m=a']],
    ['x[m=a]', ['m=a,seed=0', 'm=a,seed=1', 'lr=1,m=a']],
    ['x[m=a,seed=1]', ['m=a,seed=1']],
    ['x[seed=*]', ['m=a,seed=0', 'm=a,seed=1', 'm=b,seed=0', 'm=b,seed=1']],
    ['x[m=c]', []],
  ])('selects cells in their order: %s', (text, ids) => {
    expect(stage.selected(selector(text), world.find).map(({ cell }) => cell.id.slice(2, -1))).toEqual(ids);
  });

  it('joins on the axes that both sides have', () => {
    expect(agreeing({ m: 'b' })).toEqual({ ids: ['m=b,seed=0', 'm=b,seed=1'], joined: ['m'] });
    expect(agreeing({ m: 'b', seed: 1 })).toEqual({ ids: ['m=b,seed=1'], joined: ['m', 'seed'] });
    expect(agreeing({ other: 3 })).toMatchObject({ joined: [] });
  });

  it('joins cells with other axes too, in the order of the stage', () => {
    expect(agreeing({ m: 'a' })).toEqual({ ids: ['m=a,seed=0', 'm=a,seed=1', 'lr=1,m=a'], joined: ['m'] });
  });

  it('does not compare open axes', () => {
    expect(agreeing({ m: 'b', seed: 1 }, ['seed'])).toEqual({ ids: ['m=b,seed=0', 'm=b,seed=1'], joined: ['m'] });
  });

  it('finds none where no value is equal, type and all', () => {
    expect(agreeing({ m: 'b', seed: '1' })).toMatchObject({ ids: [] });
    expect(agreeing({ m: 'c' })).toMatchObject({ ids: [] });
  });

  it('joins within what a selector picked', () => {
    expect(agreeing({ seed: 0 }, [], 'x[m=b]')).toEqual({ ids: ['m=b,seed=0'], joined: ['seed'] });
  });
});
