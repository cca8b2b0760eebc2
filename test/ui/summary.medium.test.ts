import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { runSummary } from '../../src/ui/summary.ts';
import { kdpipeCommand, shellWord } from '../../src/util/shell-word.ts';
import { ended, failed, finished, reused, run, started, stateAfter } from './events.ts';

/** The summary after events. */
const summary = (...bodies: readonly EventBody[]): readonly string[] =>
  runSummary(stateAfter(...bodies), { written: [], held: [], command: '' });

describe('the summary of a run', () => {
  it('says what ran and what was reused', () => {
    expect(summary(run(3), finished('a'), finished('b'), reused('c'), ended('done', 80))).toEqual([
      'done in 1 min 20 s: 2 ran, 1 reused',
    ]);
  });

  it('says when there was nothing to do', () => {
    expect(summary(run(2), reused('a'), reused('b'), ended('done', 0.08))).toEqual([
      'nothing to do: 2 cells reused, 0.08 s',
    ]);
    expect(summary(run(1), reused('a'), ended('done', 0.08))).toEqual(['nothing to do: 1 cell reused, 0.08 s']);
  });

  it('tells each failure: what, expectation, fix, the end of the log, and how to read on', () => {
    const failure = {
      code: 'bad-image',
      message: 'cannot decode x.jpg',
      expected: 'a JPEG',
      fix: 'set on_bad_image: skip',
    };
    const tail = ['1', '2', '3', '4', '5', '6  '];
    expect(
      summary(
        run(4),
        reused('a'),
        { type: 'stage-failed', cell: 'student[seed=0]', key: null, failure, tail },
        { type: 'stage-skipped', cell: 'score', because: 'student[seed=0]' },
        { type: 'stage-tainted', cell: 'b', key: 'k', changed: [] },
        ended('failed', 12),
      ),
    ).toEqual([
      '✗ student[seed=0]: cannot decode x.jpg [bad-image]',
      '  expected: a JPEG',
      '  fix: set on_bad_image: skip',
      '  | 2',
      '  | 3',
      '  | 4',
      '  | 5',
      '  | 6',
      "  log: kdpipe logs 'student[seed=0]'",
      'failed after 12.0 s: 1 reused, 1 failed, 1 tainted, 1 skipped',
    ]);
  });

  it('tells five failures in full, and how many more there are', () => {
    const lines = summary(run(20), ...Array.from({ length: 17 }, (_, at) => failed(`c${at}`)), ended('failed', 1));
    expect(lines.filter((line) => line.startsWith('✗'))).toHaveLength(5);
    expect(lines.slice(-2)).toEqual(['… and 12 more failed: kdpipe status', 'failed after 1.0 s: 17 failed']);
  });

  it('says that an interrupted run goes on', () => {
    const stop: EventBody = { type: 'stage-interrupted', cell: 'b' };
    const last = 'interrupted after 9.0 s: 1 ran, 1 interrupted; the next run goes on from there';
    expect(summary(run(5), finished('a'), started('b'), stop, ended('interrupted', 9))).toEqual([last]);
  });

  it('takes a run without an end for interrupted', () => {
    expect(summary(run(5), started('b'))[0]).toContain('interrupted after 0.00 s: no cells');
  });

  it('says which tables were written', () => {
    const tables = [
      { what: 'table results', file: 'README.md', changed: true },
      { what: 'table all', file: 'docs/all.md', changed: false },
    ];
    const files = { written: tables, held: [], command: 'kdpipe report p.yaml' };
    expect(runSummary(stateAfter(run(1), finished('a'), ended('done', 1)), files)).toEqual([
      'done in 1.0 s: 1 ran',
      'table results written to README.md',
      'table all unchanged in docs/all.md',
    ]);
  });

  it('says which were left as they were, why, and what writes them', () => {
    const held = [
      { what: 'table a', file: 'README.md', why: 'overridden', cells: 4, results: 4 },
      { what: 'table b', file: 'b.md', why: 'incomplete', cells: 4, results: 3 },
      { what: 'plot c', file: 'c.svg', why: 'overridden', cells: 2, results: 2 },
    ] as const;
    const files = { written: [], held, command: kdpipeCommand('report', 'p.yaml', ['epochs=1']) };
    expect(runSummary(stateAfter(run(1), finished('a'), ended('done', 1)), files).slice(1)).toEqual([
      "left as it was, as -S may change it: table a in README.md, plot c in c.svg; to write it: kdpipe report p.yaml -S 'epochs=1'",
      "left as it was, as results are missing: table b in b.md (3 of 4 cells); to write what is there: kdpipe report p.yaml -S 'epochs=1'",
    ]);
  });
});

describe('a word of a shell', () => {
  it.each([
    ['teacher', 'teacher'],
    ['runs/a-b_c.d', 'runs/a-b_c.d'],
    ['student[seed=0]', "'student[seed=0]'"],
    ["it's", String.raw`'it'\''s'`],
    ['', "''"],
  ])('of %j is %s', (argument, word) => {
    expect(shellWord(argument)).toBe(word);
  });

  it('comes through a shell as it was', () => {
    const text = fc.string({ maxLength: 40 }).map((words) => words.replaceAll('\0', ''));
    const words = fc.sample(text, 50);
    const command = words.map((word) => `printf '%s\\0' ${shellWord(word)}`).join(';');
    const back = execFileSync('sh', ['-c', command]).toString().split('\0').slice(0, -1);
    expect(back).toEqual(words);
  });
});
