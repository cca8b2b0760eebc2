import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationSeconds } from '../../../src/pipeline/source/duration.ts';
import { cellOf, failuresOf, planOf, problemsOf } from '../support/planning.ts';

const stage = (body: string, head = ''): string => `${head}\nstages: { a: { uses: command, ${body} } }`;

describe('durationSeconds', () => {
  it.each<[string | number, number]>([
    [0, 0],
    [90, 90],
    [1.5, 1.5],
    ['90s', 90],
    ['15m', 900],
    ['12h', 43_200],
    ['1d', 86_400],
    ['1h30m', 5400],
    ['0.5h', 1800],
  ])('reads %j as %i seconds', (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });

  it.each(['', '5', '5 h', 'h', '1w', '-1h', '1h 30m', 'soon'])('does not read %j', (text) => {
    expect(durationSeconds(text)).toBeUndefined();
  });

  it.each([-1, true, null])('does not read %j', (value) => {
    expect(durationSeconds(value)).toBeUndefined();
  });

  it('adds its parts up', () => {
    const count = fc.integer({ min: 0, max: 99 });
    fc.assert(
      fc.property(count, count, count, (hours, minutes, seconds) => {
        expect(durationSeconds(`${hours}h${minutes}m${seconds}s`)).toBe(hours * 3600 + minutes * 60 + seconds);
      }),
    );
  });
});

describe('limits of a cell', () => {
  it('are one slot, no GPU, one attempt and no timeout unless told', () => {
    expect(cellOf(planOf(stage('with: {}')), 'a')).toMatchObject({
      resources: { cpu: 1, gpu: 0, memory: 0 },
      retry: 0,
      timeout: 0,
    });
  });

  it('are what the stage says', () => {
    const text = stage('resources: { cpu: 2, gpu: 1, memory: 4096 }, retry: 3, timeout: 15m');
    expect(cellOf(planOf(text), 'a')).toMatchObject({
      resources: { cpu: 2, gpu: 1, memory: 4096 },
      retry: 3,
      timeout: 900,
    });
  });

  it('take resources.time for the timeout unless one is given', () => {
    expect(cellOf(planOf(stage('resources: { time: 12h }')), 'a').timeout).toBe(43_200);
    expect(cellOf(planOf(stage('resources: { time: 12h }, timeout: 90s')), 'a').timeout).toBe(90);
  });

  it('may come from params and axes', () => {
    const text = stage(
      'matrix: { g: [0, 1] }, resources: { gpu: "${matrix.g}" }, retry: "${params.r}"',
      'params: { r: 2 }',
    );
    const plan = planOf(text);
    expect(cellOf(plan, 'a[g=0]')).toMatchObject({ resources: { gpu: 0 }, retry: 2 });
    expect(cellOf(plan, 'a[g=1]')).toMatchObject({ resources: { gpu: 1 }, retry: 2 });
  });

  it('are one object for all cells of a stage when they do not depend on the cell', () => {
    const plan = planOf(stage('matrix: { seed: [0, 1] }, resources: { gpu: 1 }'));
    expect(plan.cells[0]?.resources).toBe(plan.cells[1]?.resources);
  });

  it.each([
    ['resources: { cpu: 0 }', 'cpu is 0'],
    ['resources: { cpu: 1.5 }', 'cpu is 1.5'],
    ['resources: { gpu: -1 }', 'gpu is -1'],
    ['resources: { memory: 4G }', 'memory is "4G"'],
    ['resources: { time: 5 hours }', 'time is "5 hours"'],
    ['retry: -1', 'retry is -1'],
    ['retry: x', 'retry is "x"'],
    ['timeout: soon', 'timeout is "soon"'],
    ['timeout: [1]', 'timeout is a list'],
  ])('are refused: %s', (body, message) => {
    const [failure, ...others] = failuresOf(stage(body));
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ code: 'bad-limit', message });
    expect(failure?.expected).toBeDefined();
  });

  it('cannot be results of stages', () => {
    expect(problemsOf(stage('retry: "${stages.a}"'))[0]).toContain('not-here: ${stages.a} cannot stand here');
  });
});
