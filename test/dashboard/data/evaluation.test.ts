import { expect, it } from 'vitest';
import { readEvaluations } from '../../../src/dashboard/data/evaluation.ts';

const files = {
  per_class:
    'split,tta,class,precision,recall,f1,support,predicted\ntest,none,cat,0.5,1,0.7,2,4\ntest,none,split,,0,0,2,0\n',
  confusion:
    'split,tta,class,cat,split\ntest,none,cat,2,0\ntest,none,split,2,0\nval,none,cat,1,0\nval,none,split,0,1\n',
  calibration: 'split,tta,above,up_to,count,confidence,accuracy\ntest,none,0,0.5,0,,\ntest,none,0.5,1,4,0.8,0.5\n',
  predictions:
    'split,tta,name,label,predicted,probability\ntest,none,a.png,cat,cat,0.9\ntest,none,b.png,split,cat,0.6\ntest,none,"c,d.png",split,cat,0.8\n',
};

it('reads what evaluate writes, of a class that is called like a column too', () => {
  expect(readEvaluations(files)).toEqual([
    {
      split: 'test',
      tta: 'none',
      classes: ['cat', 'split'],
      confusion: [
        [2, 0],
        [2, 0],
      ],
      perClass: [
        { name: 'cat', precision: 0.5, recall: 1, support: 2 },
        { name: 'split', precision: null, recall: 0, support: 2 },
      ],
      calibration: [{ above: 0.5, upTo: 1, count: 4, confidence: 0.8, accuracy: 0.5 }],
      mistakes: [
        { index: 2, name: 'c,d.png', label: 'split', predicted: 'cat', probability: 0.8 },
        { index: 1, name: 'b.png', label: 'split', predicted: 'cat', probability: 0.6 },
      ],
    },
  ]);
});

it('leaves out what is missing or damaged', () => {
  expect(readEvaluations({})).toEqual([]);
  const [one] = readEvaluations({ ...files, confusion: 'a,"b', predictions: '"', calibration: '' });
  expect(one).toMatchObject({ confusion: undefined, mistakes: [], calibration: [] });
  expect(one?.perClass).toHaveLength(2);
});

it('does not draw a matrix of very many classes', () => {
  const names = Array.from({ length: 300 }, (_, at) => `c${at}`);
  const confusion = `split,tta,class,${names.join()}\ntest,none,c0,${names.map(() => 0).join()}\n`;
  expect(readEvaluations({ per_class: files.per_class, confusion })[0]?.confusion).toBeUndefined();
});
