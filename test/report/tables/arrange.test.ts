import { describe, expect, it } from 'vitest';
import { unwrap } from '../../../src/core/result.ts';
import { arranged } from '../../../src/report/tables/arrange.ts';
import { tableView } from '../../../src/report/tables/build-view.ts';
import type { TableView } from '../../../src/report/tables/view.ts';
import { context, study, studyOutcomes } from '../sample-plan.ts';

function view(): TableView {
  const [table] = study().tables;
  if (!table) throw new Error('the study has no table');
  return unwrap(tableView(study(), table, studyOutcomes(), context));
}
const names = ({ rows }: TableView) => rows.map(({ experiment }) => experiment);

describe('rows of a table', () => {
  it('stand best first by a metric, the other way round with -', () => {
    const best = names(arranged(view(), { sort: 'test.accuracy' }));
    expect(best).toEqual([
      'resnet50',
      'teacher->resnet50 student->mobilenetv2 MGD',
      'teacher->resnet50 student->mobilenetv2 AT',
      'mobilenetv2',
    ]);
    expect(names(arranged(view(), { sort: '-test.accuracy' }))).toEqual([...best].reverse());
  });

  it('stand in the order of a name of rows', () => {
    const methods = arranged(view(), { sort: 'kd_method' }).rows.map(({ labels }) => labels[2]?.text);
    expect(methods).toEqual(['AT', 'MGD', 'none', 'none']);
  });

  it('may be the first alone, and the table says so', () => {
    const top = arranged(view(), { sort: 'test.accuracy', top: 2 });
    expect(top.rows).toHaveLength(2);
    expect(top.notes.at(-1)).toBe('The first 2 of 4 rows, sorted by test.accuracy.');
  });

  it('cannot be sorted by what is no column', () => {
    expect(() => arranged(view(), { sort: 'test.acuracy' })).toThrow('no column "test.acuracy"');
  });
});
