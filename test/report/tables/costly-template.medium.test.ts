import { expect, it } from 'vitest';
import { renderViews } from '../../../src/report/tables/render.ts';
import type { TableView } from '../../../src/report/tables/view.ts';

const view = (rows: number): TableView => ({
  name: 'results',
  title: null,
  pipeline: 'study',
  rowNames: ['seed'],
  columns: [],
  over: [],
  rows: Array.from({ length: rows }, (_, at) => ({
    labels: [],
    experiment: `row ${at}`,
    values: [],
    difference: null,
    origin: 'this run',
    source: null,
    runs: [],
  })),
  compare: null,
  hasPublished: false,
  notes: [],
  provenance: { run: 'r', commit: null, command: 'kdpipe run x' },
  runsFolder: 'runs/study',
});

const template = (text: string) => ({ file: 'own.md.hbs', text, format: 'markdown', builtIn: false }) as const;
/** Loops in loops: the work is a power of the rows. */
const nested = (depth: number, inside: string): string =>
  depth === 0 ? inside : `{{#each @root.rows}}${nested(depth - 1, inside)}{{/each}}`;

it("renders a user's template in a process of its own, several views in one", async () => {
  const texts = await renderViews([view(2), view(3)], template('{{name}}: {{rows.length}}'));
  expect(texts).toEqual(['results: 2\n', 'results: 3\n']);
});

it("tells what is wrong with a user's template, as in this process", async () => {
  await expect(renderViews([view(1)], template('{{nothing}}'))).rejects.toMatchObject({
    failures: [{ code: 'bad-template', place: { file: 'own.md.hbs' } }],
  });
});

it('ends one that takes too long', async () => {
  const endless = template(nested(8, '{{#if false}}x{{/if}}'));
  await expect(renderViews([view(100)], endless, { seconds: 3, mebibytes: 512 })).rejects.toMatchObject({
    failures: [{ code: 'costly-template', message: expect.stringContaining('3 s') as string }],
  });
});

it('ends one that takes too much memory, and this process lives on', async () => {
  const swelling = template(nested(5, '{{experiment}} {{@root.name}}'));
  await expect(renderViews([view(100)], swelling, { seconds: 120, mebibytes: 48 })).rejects.toMatchObject({
    failures: [{ code: 'costly-template', message: expect.stringContaining('48 MiB') as string }],
  });
});
