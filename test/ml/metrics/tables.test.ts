import { describe, expect, it } from 'vitest';
import { classification } from '../../../src/ml/metrics/classification.ts';
import { calibrationTable, confusionTable, perClassTable, predictionTable } from '../../../src/ml/metrics/tables.ts';

const classes = ['cat', 'big, "red" dog'];
const predictions = {
  logits: Float32Array.from([0, 0, Math.log(3), 0, 0, Math.log(9)]),
  labels: Int32Array.from([0, 1, 1]),
  classes: 2,
};
const measured = [
  {
    split: 'test',
    tta: 'none',
    names: ['a.png', 'b,1.png', 'c.png'],
    predictions,
    result: classification(predictions),
  },
];

describe('tables of an evaluation', () => {
  it('give each prediction with its probability, fields quoted where they have to be', () => {
    expect(predictionTable(measured, classes)).toBe(
      [
        'split,tta,name,label,predicted,probability',
        'test,none,a.png,cat,cat,0.500000',
        'test,none,"b,1.png","big, ""red"" dog",cat,0.750000',
        'test,none,c.png,"big, ""red"" dog","big, ""red"" dog",0.900000',
        '',
      ].join('\n'),
    );
  });

  it('give the confusion matrix with a column a class', () => {
    expect(confusionTable(measured, classes)).toBe(
      ['split,tta,class,cat,"big, ""red"" dog"', 'test,none,cat,1,0', 'test,none,"big, ""red"" dog",1,1', ''].join(
        '\n',
      ),
    );
  });

  it('give the scores of each class', () => {
    expect(perClassTable(measured, ['cat', 'dog'])).toBe(
      [
        'split,tta,class,precision,recall,f1,support,predicted',
        `test,none,cat,0.5,1,${2 / 3},1,2`,
        `test,none,dog,1,0.5,${2 / 3},2,1`,
        '',
      ].join('\n'),
    );
  });

  it('give the bins of a reliability diagram, empty fields where there is no image', () => {
    const [header, ...lines] = calibrationTable(measured).trimEnd().split('\n');
    expect(header).toBe('split,tta,above,up_to,count,confidence,accuracy');
    expect(lines).toHaveLength(15);
    // ½ lies in (7/15, 8/15], ¾ in (11/15, 12/15], 0.9 in (13/15, 14/15].
    expect(lines[6]).toBe(`test,none,0.4,${7 / 15},0,,`);
    expect(lines[7]).toBe(`test,none,${7 / 15},${8 / 15},1,0.5,1`);
    const bin = (at: number) => lines[at]!.split(',').slice(4).map(Number);
    expect([bin(11)[0], bin(11)[2], bin(13)[0], bin(13)[2]]).toEqual([1, 0, 1, 1]);
    expect(bin(11)[1]).toBeCloseTo(0.75, 7);
    expect(bin(13)[1]).toBeCloseTo(0.9, 7);
  });
});
