import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Plan, TablePlan } from '../../../src/core/plan.ts';
import { unwrap, type Result } from '../../../src/core/result.ts';
import { tableView, type ViewContext } from '../../../src/report/tables/build-view.ts';
import type { Outcomes } from '../../../src/report/rows/rows.ts';
import type { RowView, TableView } from '../../../src/report/tables/view.ts';
import { accuracy, cell, context, outcomes, plan, study, studyOutcomes, to } from '../sample-plan.ts';

/** The view of a plan's first table, or why there is none. */
function attempt(whole: Plan, found: Outcomes, extra: Partial<ViewContext> = {}): Result<TableView> {
  const [table] = whole.tables;
  if (!table) throw new Error('the plan has no table');
  return tableView(whole, table, found, { ...context, ...extra });
}

/** The view of a plan's first table. */
const viewOf = (whole: Plan, found: Outcomes, extra: Partial<ViewContext> = {}): TableView =>
  unwrap(attempt(whole, found, extra));

/** What rows show: labels, then values, then the difference. */
const shown = (rows: readonly RowView[]): readonly string[] =>
  rows.map(({ labels, values, difference }) =>
    [
      ...labels.map(({ text }) => text),
      ...values.map(({ text }) => text),
      ...(difference ? [difference.text] : []),
    ].join(' | '),
  );

/** A table of cells `s[0]`, `s[1]`, … that are one row of seeds. */
function seeds(metrics: readonly (JsonObject | undefined)[], table: Partial<TablePlan> = {}): TableView {
  const cells = metrics.map((_, seed) => cell(`s[${seed}]`, { seed, kd: 'x' }));
  const found = Object.fromEntries(
    metrics.flatMap((values, seed) => (values ? [[`s[${seed}]`, values] as const] : [])),
  );
  return viewOf(plan(cells, { rows: ['kd'], ...table }), outcomes(found));
}

describe('a table of cells that asked for half precision', () => {
  const cells = [
    cell('mixed', {}, { amp: true }),
    cell('plain', {}, { amp: false }),
    cell('score[of=mixed]', { of: to('mixed') }),
    cell('score[of=plain]', { of: to('plain') }),
  ];
  const notesOf = (of: string, amp: string | undefined): readonly string[] => {
    const whole = plan(cells, { rows: ['of'], cells: [`score[of=${of}]`] });
    const found = new Map(outcomes({ [`score[of=${of}]`]: accuracy(0.5) }));
    found.set('mixed', { metrics: {}, key: '0'.repeat(64), run: 'r1', ...(amp !== undefined && { amp }) });
    return viewOf(whole, found).notes;
  };

  it('says what they ran in where their records do, whoever evaluated them', () => {
    expect(notesOf('mixed', 'float32')).toEqual([expect.stringMatching(/^amp: trained in float32/)]);
    expect(notesOf('mixed', 'bfloat16')).toEqual([expect.stringMatching(/^amp: trained in half precision/)]);
    expect(notesOf('mixed', undefined)).toEqual([]);
    expect(notesOf('plain', 'float32')).toEqual([]);
  });
});

describe('a table of stages of several engines', () => {
  const cells = [
    cell('teacher', {}, {}),
    cell('student', {}, {}),
    cell('score[of=teacher]', { of: to('teacher') }),
    cell('score[of=student]', { of: to('student') }),
  ];
  const notesOf = (...rows: readonly string[]): readonly string[] => {
    const found = new Map(outcomes(Object.fromEntries(cells.map(({ id }) => [id, accuracy(0.5)]))));
    for (const [id, outcome] of found)
      found.set(id, { ...outcome, engines: [id === 'teacher' ? 'pytorch on cpu' : 'native'] });
    return viewOf(plan(cells, { rows: ['of'], cells: rows }), found).notes;
  };

  it('says so, also where one trained and another evaluated', () => {
    expect(notesOf('score[of=student]')).toEqual([]);
    expect(notesOf('score[of=teacher]')).toEqual([
      expect.stringMatching(/^Engines: .* native, some on pytorch on cpu/),
    ]);
    expect(notesOf('score[of=student]', 'score[of=teacher]').at(-1)).toMatch(/^Engines/);
  });
});

describe('a table', () => {
  it('shows mean, deviation and runs of each row', () => {
    expect(shown(viewOf(study(), studyOutcomes()).rows)).toEqual([
      'resnet50 | none | none | 0.8000',
      'mobilenetv2 | none | none | 0.7000 ± 0.0100 (n=3)',
      'mobilenetv2 | resnet50 | MGD | 0.7510 ± 0.0105 (n=3)',
      'mobilenetv2 | resnet50 | AT | 0.7050 ± 0.0050 (n=3)',
    ]);
  });

  it('carries its numbers with all digits', () => {
    const [, , distilled] = viewOf(study(), studyOutcomes()).rows;
    expect(distilled?.values).toEqual([
      {
        column: 'test.accuracy',
        text: '0.7510 ± 0.0105 (n=3)',
        mean: expect.closeTo(0.751, 14) as number,
        sd: expect.closeTo(Math.sqrt(0.000111), 14) as number,
        n: 3,
        expected: 3,
        best: false,
        difference: null,
      },
    ]);
  });

  it('names itself, its pipeline, its columns and where it comes from', () => {
    const view = viewOf(study({ title: 'All of it', columns: ['test.accuracy'] }), studyOutcomes());
    expect(view).toMatchObject({
      name: 'results',
      title: 'All of it',
      pipeline: 'study',
      rowNames: ['model', 'teacher', 'kd_method'],
      columns: [{ name: 'test.accuracy', head: 'test accuracy', lowerIsBetter: false, decimals: 4 }],
      compare: null,
      hasPublished: false,
      provenance: { run: '20250101-120000-ab', commit: '0123456', command: 'kdpipe run study.yaml' },
      runsFolder: 'runs/study',
    });
  });

  it('is JSON: nothing in it is undefined', () => {
    const whole = study({ compare: { baseline: { kd_method: 'none' }, on: 'test.accuracy' } });
    const view = viewOf(whole, studyOutcomes());
    expect(JSON.parse(JSON.stringify(view))).toEqual(view);
    expect(JSON.stringify(view)).not.toContain('undefined');
  });

  it('names the runs behind each row, oldest first', () => {
    const cells = [0, 1, 2].map((seed) => cell(`s[${seed}]`, { seed }));
    const found = new Map([
      ...outcomes({ 's[0]': accuracy(1) }, '20250102-b'),
      ...outcomes({ 's[1]': accuracy(1) }, '20250101-a'),
      ...outcomes({ 's[2]': accuracy(1) }, '20250102-b'),
    ]);
    expect(viewOf(plan(cells, { rows: [] }), found).rows[0]?.runs).toEqual(['20250101-a', '20250102-b']);
  });
});

describe('a cell of a table', () => {
  it('says when runs are missing, and never shows a mean of some as a mean of all', () => {
    const view = seeds([accuracy(0.7), undefined, accuracy(0.72)]);
    expect(view.rows[0]?.values[0]).toMatchObject({ text: '0.7100 ± 0.0141 (2/3)', n: 2, expected: 3 });
  });

  it('is a dash where no run has a result', () => {
    expect(seeds([undefined, undefined]).rows[0]?.values[0]).toEqual({
      column: 'test.accuracy',
      text: '–',
      mean: null,
      sd: null,
      n: 0,
      expected: 2,
      best: false,
      difference: null,
    });
  });

  it('takes a metric that is null for missing', () => {
    const view = seeds([accuracy(0.7), { test: { accuracy: null } }]);
    expect(view.rows[0]?.values[0]?.text).toBe('0.7000 (1/2)');
  });

  it('compares no row that has a text among its numbers, and calls none the best by the rest', () => {
    const cells = [0, 1, 2].flatMap((seed) => [
      cell(`n[${seed}]`, { seed, kd: 'none' }),
      cell(`a[${seed}]`, { seed, kd: 'AT' }),
    ]);
    const value = (id: string, seed: number): JsonObject =>
      id === 'a[2]'
        ? { test: { accuracy: 'diverged' } }
        : accuracy((id.startsWith('a') ? 0.9 : 0.7) + (seed * seed) / 1000);
    const found = outcomes(Object.fromEntries(cells.map(({ id, axes }) => [id, value(id, Number(axes['seed']))])));
    const whole = plan(cells, { rows: ['kd'], compare: { baseline: { kd: 'none' }, on: 'test.accuracy' } });
    expect(shown(viewOf(whole, found).rows)).toEqual(['none | 0.7017 ± 0.0021 (n=3)', 'AT | 0.9000, 0.9010, diverged']);
    expect(viewOf(whole, found).rows.flatMap(({ values }) => values.map(({ best }) => best))).toEqual([false, false]);
  });

  it('shows texts as they are, each once', () => {
    const columns = ['engine'];
    expect(seeds([{ engine: 'wasm' }, { engine: 'wasm' }], { columns }).rows[0]?.values[0]).toMatchObject({
      text: 'wasm',
      mean: null,
    });
    expect(seeds([{ engine: 'wasm' }, { engine: 'gpu' }], { columns }).rows[0]?.values[0]?.text).toBe('wasm, gpu');
    expect(seeds([{ engine: 'wasm' }, undefined], { columns }).rows[0]?.values[0]?.text).toBe('wasm (1/2)');
    expect(seeds([{ engine: true }, { engine: 4 }], { columns }).rows[0]?.values[0]?.text).toBe('true, 4');
    expect(seeds([{ engine: [3, 4] }], { columns }).rows[0]?.values[0]?.text).toBe('[3,4]');
  });

  it('has the decimals of its column', () => {
    const view = seeds([{ params: 2_237_770, seconds: 123.456, loss: 0.00123 }], {
      columns: ['params', 'seconds', 'loss'],
    });
    expect(view.rows[0]?.values.map(({ text }) => text)).toEqual(['2237770', '123.46', '0.001230']);
    expect(view.columns.map(({ lowerIsBetter }) => lowerIsBetter)).toEqual([false, true, true]);
  });
});

describe('the best of a column', () => {
  const better = (): Outcomes => {
    const found = new Map(studyOutcomes());
    found.delete('score[of=teacher]');
    return found;
  };

  it('is marked where it stands out', () => {
    const marks = viewOf(study(), better()).rows.map(({ values }) => values[0]?.best);
    expect(marks).toEqual([false, false, true, false]);
  });

  it('is not marked where the highest is a single run', () => {
    const marks = viewOf(study(), studyOutcomes()).rows.map(({ values }) => values[0]?.best);
    expect(marks).toEqual([false, false, false, false]);
  });
});

describe('comparing with a baseline', () => {
  const compare = { baseline: { kd_method: 'none', model: 'mobilenetv2' }, on: 'test.accuracy' };

  it('shows the difference with its interval, paired by seed; the baseline itself has none', () => {
    const view = viewOf(study({ compare }), studyOutcomes());
    expect(view.compare).toEqual({
      on: 'test.accuracy',
      baseline: 'kd_method=none, model=mobilenetv2',
      correction: null,
    });
    expect(view.rows.map(({ difference }) => difference?.text)).toEqual([
      '+0.1000',
      undefined,
      '+0.0510 [+0.0485, +0.0535]',
      '+0.0050 [-0.0323, +0.0423]',
    ]);
  });

  it('says how the difference was judged', () => {
    const view = viewOf(study({ compare }), studyOutcomes());
    expect(view.rows[2]?.difference).toEqual({
      text: '+0.0510 [+0.0485, +0.0535]',
      mean: expect.closeTo(0.051, 12) as number,
      // scipy.stats.ttest_rel([.75, .762, .741], [.7, .71, .69])
      low: expect.closeTo(0.048515862288249716, 10) as number,
      high: expect.closeTo(0.053484137711750375, 10) as number,
      p: expect.closeTo(0.00012813120688124347, 12) as number,
      correctedP: null,
      method: 'paired',
      pairedBy: ['seed'],
      n: 3,
      baseline: 'model=mobilenetv2, teacher=none, kd_method=none',
    });
    expect(view.rows[0]?.difference).toMatchObject({ low: null, high: null, p: null, method: 'none', n: 1 });
  });

  it('corrects p-values by Holm where that is asked for: of two, the smaller counts twice', () => {
    const view = viewOf(study({ compare: { ...compare, correction: 'holm' } }), studyOutcomes());
    const [single, , first, second] = view.rows.map(({ difference }) => difference);
    expect(first?.text).toBe('+0.0510 [+0.0485, +0.0535] p<0.001');
    expect(first?.correctedP).toBeCloseTo(2 * 0.00012813120688124347, 12);
    // scipy.stats.ttest_rel([.705, .7, .71], [.7, .71, .69])
    expect(second?.text).toBe('+0.0050 [-0.0323, +0.0423] p=0.622');
    expect(second?.correctedP).toBe(second?.p);
    expect(single).toMatchObject({ text: '+0.1000', p: null, correctedP: null });
    expect(view.notes.at(-1)).toBe('p by Holm over 2 comparisons; intervals are those of single comparisons.');
  });

  it('may be on a metric that is no column', () => {
    const view = viewOf(study({ columns: [], compare }), studyOutcomes());
    expect(shown(view.rows)[2]).toBe('mobilenetv2 | resnet50 | MGD | +0.0510 [+0.0485, +0.0535]');
  });

  it('shows no difference where a side has no result', () => {
    const found = new Map([...studyOutcomes()].filter(([id]) => !id.includes('alone')));
    const view = viewOf(study({ compare }), found);
    expect(view.rows.map(({ difference }) => difference)).toEqual([null, null, null, null]);
  });
});

describe('published numbers', () => {
  const labels = { model: 'mobilenetv2', teacher: 'resnet50' } as const;
  const published = [
    {
      row: new Map(Object.entries({ ...labels, kd_method: 'FitNet' })),
      columns: new Map([['test.accuracy', 0.74]]),
      source: 'Romero 2015',
      place: { file: 'cub.yaml', line: 1 },
    },
    {
      row: new Map(Object.entries({ ...labels, kd_method: 'MGD' })),
      columns: new Map([['test.accuracy', 0.7839]]),
      source: 'the original study',
      place: { file: 'cub.yaml', line: 4 },
    },
    {
      row: new Map(Object.entries({ model: 'resnet50' })),
      columns: new Map([['test.accuracy', '0.78 ± 0.01']]),
      source: 'a paper',
      place: { file: 'cub.yaml', line: 7 },
    },
  ];

  it('stand under ours of the same labels, and else at the end', () => {
    const view = viewOf(study(), studyOutcomes(), { published });
    expect(view.hasPublished).toBe(true);
    expect(view.rows.map(({ source }, at) => `${source ?? 'ours'}: ${shown(view.rows)[at] ?? ''}`)).toEqual([
      'ours: resnet50 | none | none | 0.8000',
      'a paper: resnet50 | none | none | 0.78 ± 0.01',
      'ours: mobilenetv2 | none | none | 0.7000 ± 0.0100 (n=3)',
      'ours: mobilenetv2 | resnet50 | MGD | 0.7510 ± 0.0105 (n=3)',
      'the original study: mobilenetv2 | resnet50 | MGD | 0.7839',
      'ours: mobilenetv2 | resnet50 | AT | 0.7050 ± 0.0050 (n=3)',
      'Romero 2015: mobilenetv2 | resnet50 | FitNet | 0.7400',
    ]);
  });

  it('are never best, never compared, and change no mark of ours', () => {
    const compare = { baseline: { kd_method: 'none', model: 'mobilenetv2' }, on: 'test.accuracy' };
    const view = viewOf(study({ compare }), studyOutcomes(), { published });
    const others = view.rows.filter(({ source }) => source !== null);
    expect(others.flatMap(({ values, difference }) => [values[0]?.best, difference])).toEqual([
      false,
      null,
      false,
      null,
      false,
      null,
    ]);
    const alone = viewOf(study({ compare }), studyOutcomes());
    expect(view.rows.filter(({ source }) => source === null)).toEqual(alone.rows);
  });

  it('that name more than one row of ours are refused, and so are two of one source for one row', () => {
    const at = (line: number) => ({ columns: new Map(), source: 'a paper', place: { file: 'cub.yaml', line } });
    const row = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values));
    const many = [{ row: row({ model: 'mobilenetv2' }), ...at(3) }];
    expect(attempt(study(), new Map(), { published: many })).toMatchObject({
      ok: false,
      failures: [
        {
          code: 'ambiguous-published',
          message: 'table results: 3 rows match the published row',
          place: { file: 'cub.yaml', line: 3 },
          fix: expect.stringContaining('kd_method=MGD | model=mobilenetv2') as string,
        },
      ],
    });
    const twice = [
      { row: row({ model: 'resnet50' }), ...at(1) },
      { row: row({ model: 'resnet50', teacher: 'none' }), ...at(2) },
    ];
    expect(attempt(study(), new Map(), { published: twice })).toMatchObject({
      ok: false,
      failures: [
        { code: 'ambiguous-published', message: expect.stringContaining('as does the one of line 1') as string },
      ],
    });
    const other = twice.map((one, from) => ({ ...one, source: `paper ${from}` }));
    expect(viewOf(study(), studyOutcomes(), { published: other }).rows.map(({ origin }) => origin)).toEqual([
      'this run',
      'published 1',
      'published 2',
      'this run',
      'this run',
      'this run',
    ]);
  });

  it('leave a dash in columns that they do not have', () => {
    const view = viewOf(study({ columns: ['test.accuracy', 'test.accuracy'] }), studyOutcomes(), {
      published: [
        { row: new Map([['model', 'x']]), columns: new Map(), source: 'a paper', place: { file: 'cub.yaml' } },
      ],
    });
    expect(shown(view.rows).at(-1)).toBe('x | none | none | – | –');
  });
});

describe('a published number under ours', () => {
  const seeded = [0.75, 0.762, 0.741];

  /** The difference of seeds' accuracies over so many images to a published one. */
  function difference(ours: readonly number[], metrics: JsonObject, column = 'test.tta.accuracy') {
    const cells = ours.map((_, seed) => cell(`s[${seed}]`, { seed, kd: 'x' }));
    const found = ours.map((value, seed): [string, JsonObject] => [
      `s[${seed}]`,
      { test: { ...metrics, tta: { accuracy: value, nll: value, mpa: value } } },
    ]);
    const row = new Map([['kd', 'x']]);
    const published = [{ row, columns: new Map([[column, 0.7]]), source: 'a paper', place: { file: 'cub.yaml' } }];
    const whole = plan(cells, { rows: ['kd'], columns: [column] });
    return viewOf(whole, outcomes(Object.fromEntries(found)), { published }).rows[1]?.values[0]?.difference;
  }

  it('is judged by the spread of our runs and by the images that the result names', () => {
    // scipy.stats: d = 0.7526 − 0.7, V = 1.43e-5·6/5 + 0.7526·0.2474/2323 + 0.7·0.3/2323, t of Satterthwaite's ν.
    expect(difference([0.75, 0.755, 0.751, 0.749, 0.758], { images: 2323 })).toEqual({
      text: '+0.0526 beyond noise',
      mean: expect.closeTo(0.0526, 14) as number,
      low: expect.closeTo(0.02567881694351615, 9) as number,
      high: expect.closeTo(0.07952118305648381, 9) as number,
      p: expect.closeTo(0.00014002202518445064, 9) as number,
      noise: ['runs', 'images'],
      images: 2323,
    });
    expect(difference(seeded, { images: 2323 })?.text).toBe('+0.0510 within noise');
  });

  it('is not called beyond noise where the images are not known, whatever the runs say', () => {
    const runs = [0.9, 0.901, 0.899];
    expect(difference(runs, { images: 2323 })?.text).toBe('+0.2000 beyond noise');
    expect(difference(runs, {})).toMatchObject({ text: '+0.2000', noise: ['runs'], images: null });
    expect(difference([0.65, 0.75, 0.85], {})?.text).toBe('+0.0500 within noise');
  });

  it('of a single run is judged by the images alone', () => {
    // scipy.stats.norm: 0.05 over √(0.75·0.25/2323 + 0.7·0.3/2323).
    expect(difference([0.75], { images: 2323 })).toMatchObject({
      text: '+0.0500 beyond noise',
      p: expect.closeTo(0.00013220669609475367, 9) as number,
      noise: ['images'],
    });
    expect(difference([0.72], { images: 2323 })?.text).toBe('+0.0200 within noise');
    expect(difference([0.75], { images: 2323 }, 'test.tta.mpa')).toMatchObject({ noise: ['images'], images: 2323 });
  });

  it('of a metric that is no share, or over unknown images, is judged by our spread alone', () => {
    const runs = { noise: ['runs'], images: null };
    expect(difference(seeded, { images: 2323 }, 'test.tta.nll')).toMatchObject(runs);
    expect(difference(seeded, {})).toMatchObject(runs);
  });

  it('has no verdict where no noise is known', () => {
    expect(difference([0.75], {})).toEqual({
      text: '+0.0500',
      mean: expect.closeTo(0.05, 14) as number,
      low: null,
      high: null,
      p: null,
      noise: [],
      images: null,
    });
  });

  it('is no difference where we have no number, or it is a text', () => {
    const published = (value: string | number) => [
      {
        row: new Map([['model', 'resnet50']]),
        columns: new Map([['test.accuracy', value]]),
        source: 'x',
        place: { file: 'x' },
      },
    ];
    const of = (found: Outcomes, value: string | number) =>
      viewOf(study(), found, { published: published(value) }).rows[1]?.values[0]?.difference;
    expect(of(new Map(), 0.8)).toBeNull();
    expect(of(studyOutcomes(), '0.78 ± 0.01')).toBeNull();
  });
});

describe('what is wrong with a table', () => {
  it('is told of rows, columns and baseline', () => {
    const codes = (whole: Plan): readonly string[] => {
      const result = attempt(whole, studyOutcomes());
      return result.ok ? [] : result.failures.map(({ code }) => code);
    };
    expect(codes(study({ rows: ['nobody'] }))).toEqual(['unknown-row-name']);
    expect(codes(study({ columns: ['test.mpa', 'val.mpa'] }))).toEqual(['unknown-column', 'unknown-column']);
    expect(
      codes(study({ columns: ['test.mpa'], compare: { baseline: { kd_method: 'SP' }, on: 'test.accuracy' } })),
    ).toEqual(['unknown-column', 'unclear-baseline']);
  });

  it('is told before anything has run, but for the columns', () => {
    expect(attempt(study({ rows: ['nobody'] }), new Map())).toMatchObject({ ok: false });
    expect(attempt(study({ columns: ['nobody'] }), new Map())).toMatchObject({ ok: true });
  });
});

describe('footnotes', () => {
  const notes = (whole: Plan, found: Outcomes): readonly string[] => viewOf(whole, found).notes;

  it('say what ± is, once there is one', () => {
    expect(notes(study(), studyOutcomes())).toEqual([
      '± is the sample standard deviation (n − 1) over n runs, which differ in seed.',
    ]);
    expect(notes(study(), outcomes({ 'score[of=teacher]': accuracy(0.8) }))).not.toContainEqual(
      expect.stringContaining('±'),
    );
  });

  it('say what fractions and dashes are', () => {
    const [, ...few] = seeds([accuracy(0.7), accuracy(0.71), undefined]).notes;
    expect(few).toEqual(['A fraction like 2/3 says how many of the declared runs have a result so far.']);
    expect(seeds([undefined]).notes).toEqual(['– stands where no run has a result.']);
  });

  it('say what bold is', () => {
    const found = new Map([...studyOutcomes()].filter(([id]) => id !== 'score[of=teacher]'));
    expect(notes(study(), found)).toContain(
      'Bold: the best of its column, where it is better than the next best beyond noise (two-sided t-test over seeds, paired where possible, p < 0.05).',
    );
  });

  it('say what the difference is, and how it was judged', () => {
    const compare = { baseline: { kd_method: 'none', model: 'mobilenetv2' }, on: 'test.accuracy' };
    const [said, number] = notes(study({ compare }), studyOutcomes()).slice(-2);
    expect(number).toBe('2 comparisons, not corrected for their number.');
    expect(said).toBe(
      'Δ test.accuracy is the difference to the baseline (kd_method=none, model=mobilenetv2), paired by seed, with its 95 % confidence interval; without one where a side has a single run.',
    );
  });

  it('say that runs which all differ by the same tell nothing of their noise', () => {
    const cells = [0, 1, 2].flatMap((seed) => [
      cell(`n[${seed}]`, { seed, kd: 'none' }),
      cell(`a[${seed}]`, { seed, kd: 'AT' }),
    ]);
    const found = outcomes(
      Object.fromEntries(
        cells.map(({ id, axes }) => [id, accuracy((axes['kd'] === 'AT' ? 0.75 : 0.7) + Number(axes['seed']) / 10)]),
      ),
    );
    const view = viewOf(
      plan(cells, { rows: ['kd'], compare: { baseline: { kd: 'none' }, on: 'test.accuracy' } }),
      found,
    );
    expect(shown(view.rows)).toEqual(['none | 0.8000 ± 0.1000 (n=3)', 'AT | 0.8500 ± 0.1000 (n=3) | +0.0500']);
    expect(view.rows[1]?.difference).toMatchObject({ low: null, high: null, p: null, method: 'paired', n: 3 });
    expect(view.rows.flatMap(({ values }) => values.map(({ best }) => best))).toEqual([false, false]);
    expect(view.notes.at(-1)).toMatch(
      /without one where all runs differ by the same, which tells nothing of their noise\.$/,
    );
  });

  it("name Welch's test where it was used", () => {
    const cells = [0, 1, 2, 3].map((seed) => cell(`s[${seed}]`, { seed, kd: seed < 2 ? 'none' : 'AT' }));
    const found = outcomes(Object.fromEntries(cells.map(({ id }, at) => [id, accuracy(0.7 + at / 100)])));
    const whole = plan(cells, { rows: ['kd'], compare: { baseline: { kd: 'none' }, on: 'test.accuracy' } });
    expect(notes(whole, found).at(-1)).toBe(
      "Δ test.accuracy is the difference to the baseline (kd=none), by Welch's test where runs cannot be paired, with its 95 % confidence interval.",
    );
  });
});
