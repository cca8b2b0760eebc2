import { describe, expect, it } from 'vitest';
import { commonName, distinctNames, memberLabels, partsOf, stageOf } from '../../src/ui/cell-name.ts';

describe('the parts of a cell’s name', () => {
  it.each([
    ['digits', []],
    ['student[teacher=teacher,kd_method=AT,seed=0]', ['teacher=teacher', 'kd_method=AT', 'seed=0']],
    ['score[of=student[kd_method=AT,seed=0],tta="a,b]"]', ['of=student', 'kd_method=AT', 'seed=0', 'tta="a,b]"']],
    ['score[of=student[seed=0].weights]', ['of=student', 'seed=0']],
    ['a[kd=[{"method":"AT","w":[1,2]},"x"],seed=1]', ['kd=[{"method":"AT","w":[1,2]},"x"]', 'seed=1']],
    [String.raw`a[x="\",",seed=1]`, [String.raw`x="\","`, 'seed=1']],
  ])('of %s are %j', (cell, parts) => {
    expect(partsOf(cell)).toEqual(parts);
  });

  it('begin after its stage', () => {
    expect([stageOf('digits'), stageOf('score[of=a[seed=0]]')]).toEqual(['digits', 'score']);
  });
});

describe('names that tell cells apart', () => {
  it('leave out what all have', () => {
    const cells = ['AT,kd_ratio=1,seed=0', 'AT,kd_ratio=2,seed=0', 'SP,kd_ratio=1,seed=0'];
    expect(distinctNames(cells.map((rest) => `student[teacher=teacher,kd_method=${rest}]`))).toEqual([
      'student[kd_method=AT,kd_ratio=1]',
      'student[kd_method=AT,kd_ratio=2]',
      'student[kd_method=SP,kd_ratio=1]',
    ]);
  });

  it('keep what one has and another has not', () => {
    expect(distinctNames(['score[of=alone[seed=0]]', 'score[of=student[kd_method=AT,seed=0]]'])).toEqual([
      'score[of=alone]',
      'score[of=student,kd_method=AT]',
    ]);
  });

  it('stay whole for a cell alone, and where nothing shorter tells them apart', () => {
    expect(distinctNames(['a[seed=0]'])).toEqual(['a[seed=0]']);
    const odd = ['a[x=1,of=b[x=2]]', 'a[x=2,of=b[x=1]]'];
    expect(new Set(distinctNames(odd)).size).toBe(2);
  });

  it('say of a group what its cells have in common, and others have not', () => {
    const group = ['s[teacher=t,m=AT,seed=0]', 's[teacher=t,m=SP,seed=0]'];
    expect(commonName(group)).toBe('s[teacher=t,seed=0]');
    expect(commonName(group, [...group, 's[teacher=t,m=AT,seed=1]'])).toBe('s[seed=0]');
    expect(commonName(group, group)).toBe('s');
  });

  it('label the members of a group, in short without what goes with another axis', () => {
    const group = ['s[m=AT,w=1000,seed=0]', 's[m=SP,w=10,seed=0]', 's[m=DKD,w=10,seed=0]'];
    expect(memberLabels(group)).toEqual({
      named: ['m=AT w=1000', 'm=SP w=10', 'm=DKD w=10'],
      short: ['AT', 'SP', 'DKD'],
    });
    const grid = ['s[m=AT,r=1]', 's[m=AT,r=2]', 's[m=SP,r=1]'];
    expect(memberLabels(grid).short).toEqual(['AT 1', 'AT 2', 'SP 1']);
  });
});
