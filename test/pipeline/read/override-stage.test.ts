import { describe, expect, it } from 'vitest';
import {
  includesAxis,
  listsAxis,
  replaceAxis,
  sweepStage,
  without,
} from '../../../src/pipeline/read/override-stage.ts';
import { inside, type SourceLocation } from '../../../src/pipeline/source/location.ts';
import type { MatrixSpec, StageSpec } from '../../../src/pipeline/read/spec.ts';

const location: SourceLocation = { path: ['stages', 'one'] };
const given: SourceLocation = { path: [], override: 'lr=1,2' };
const written = <T>(value: T) => ({ value, location });

const matrixOf = (parts: Partial<MatrixSpec>): MatrixSpec => ({
  ...{
    location,
    axes: new Map(),
    zip: new Map(),
    zipLocation: location,
    include: [],
    exclude: [],
    replaced: new Set<string>(),
  },
  ...parts,
});
const stageOf = (matrix?: MatrixSpec): StageSpec => ({
  ...{
    id: 'one',
    location,
    uses: written('command'),
    with: new Map([
      ['lr', written(0.1)],
      ['seed', written(3)],
    ]),
    matrix,
  },
  ...{ resources: new Map(), search: undefined, retry: undefined, timeout: undefined, slurm: {}, swept: new Map() },
});

describe('an axis that a matrix lists', () => {
  it.each<[string, StageSpec, string, boolean]>([
    ['is none of a stage without a matrix', stageOf(), 'lr', false],
    ['is one of its axes', stageOf(matrixOf({ axes: new Map([['lr', written([1])]]) })), 'lr', true],
    ['is one of a zip', stageOf(matrixOf({ zip: new Map([['lr', written([1])]]) })), 'lr', true],
    ['is not one of include alone', stageOf(matrixOf({ include: [written({ lr: 1 })] })), 'lr', false],
    ['is seed where it says seeds', stageOf(matrixOf({ axes: new Map([['seeds', written(3)]]) })), 'seed', true],
    ['is not seeds where it says seed', stageOf(matrixOf({ axes: new Map([['seed', written([3])]]) })), 'seeds', false],
    ['is not another one', stageOf(matrixOf({ axes: new Map([['lr', written([1])]]) })), 'l', false],
  ])('%s', (_, stage, axis, expected) => {
    expect(listsAxis(stage, axis)).toBe(expected);
  });

  it('is told apart from one that include gives', () => {
    const stage = stageOf(matrixOf({ include: [written({ lr: 1 }), written({ 'teacher.model': 'x' })] }));
    expect([includesAxis(stage, 'lr'), includesAxis(stage, 'teacher'), includesAxis(stage, 'toString')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(includesAxis(stageOf(), 'lr')).toBe(false);
  });
});

describe('a replaced axis', () => {
  const values = { value: [1, 2], location: given };

  it('makes a matrix where there is none, at the place of the override', () => {
    const { matrix } = replaceAxis(stageOf(), 'lr', values);
    expect([...(matrix?.axes ?? [])]).toEqual([['lr', values]]);
    expect(matrix?.location).toBe(given);
    expect([...(matrix?.replaced ?? [])]).toEqual(['lr']);
  });

  it('leaves other axes, zips and entries as they are, and the stage that it came from too', () => {
    const matrix = matrixOf({
      axes: new Map([
        ['lr', written([9])],
        ['wd', written([8])],
      ]),
      zip: new Map([['a', written([1])]]),
      exclude: [written({ lr: 9 })],
    });
    const stage = stageOf(matrix);
    const replaced = replaceAxis(stage, 'lr', values).matrix;
    expect(replaced?.axes.get('lr')).toBe(values);
    expect(replaced?.axes.get('wd')).toBe(matrix.axes.get('wd'));
    expect([replaced?.zip, replaced?.exclude]).toEqual([matrix.zip, matrix.exclude]);
    expect(stage.matrix?.axes.get('lr')?.value).toEqual([9]);
    expect(stage.matrix?.replaced.size).toBe(0);
  });

  it('is taken out of a zip: it is walked by itself', () => {
    const matrix = matrixOf({
      zip: new Map([
        ['lr', written([9])],
        ['a', written([1])],
      ]),
    });
    const replaced = replaceAxis(stageOf(matrix), 'lr', values).matrix;
    expect([[...(replaced?.zip.keys() ?? [])], [...(replaced?.axes.keys() ?? [])]]).toEqual([['a'], ['lr']]);
  });

  it.each<[string, string]>([
    ['seed', 'seeds'],
    ['seeds', 'seed'],
    ['seeds', 'seeds'],
    ['seed', 'seed'],
  ])('%s takes the place of %s: both are one axis', (axis, before) => {
    const matrix = matrixOf({ axes: new Map([[before, written(3)]]) });
    const replaced = replaceAxis(stageOf(matrix), axis, values).matrix;
    expect([...(replaced?.axes.keys() ?? [])]).toEqual([axis]);
    expect([...(replaced?.replaced ?? [])]).toEqual(['seed']);
  });

  it('remembers all that were replaced', () => {
    const stage = replaceAxis(replaceAxis(stageOf(), 'lr', values), 'wd', values);
    expect([...(stage.matrix?.replaced ?? [])]).toEqual(['lr', 'wd']);
  });
});

describe('a swept axis', () => {
  it('takes the place of the parameter that the stage gave, and of an older sweep', () => {
    const swept = { values: [1, 2], location: given };
    const stage = sweepStage(sweepStage(stageOf(), 'lr', { values: [7], location: given }), 'lr', swept);
    expect([...stage.with.keys()]).toEqual(['seed']);
    expect([...stage.swept]).toEqual([['lr', swept]]);
  });
});

describe('small tools of places and maps', () => {
  it('leave keys out of a copy, known or not', () => {
    const map = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    expect([...without(map, 'a', 'z')]).toEqual([['b', 2]]);
    expect(map.size).toBe(2);
  });

  it('go inside of a place, and keep the override that it was written in', () => {
    expect(inside(location, 'with', 0)).toEqual({ path: ['stages', 'one', 'with', 0] });
    expect(inside(given, 'a', 'b')).toEqual({ path: ['a', 'b'], override: 'lr=1,2' });
    expect(inside(location)).toEqual(location);
  });
});
