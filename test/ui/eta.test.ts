import { describe, expect, it } from 'vitest';
import type { EventBody, StageOutlook } from '../../src/core/event.ts';
import { etaText, roughly, runEta } from '../../src/ui/eta.ts';
import { failed, finished, progress, reused, run, start, started, startedIn, stateAfter } from './events.ts';

const stage = (name: string, cells: number, more: Partial<StageOutlook> = {}): StageOutlook => ({
  stage: name,
  kind: name,
  cells,
  needs: [],
  ...more,
});
/** What a cell took the last time, alone on its slot. */
const took = (seconds: number) => ({ took: { wall: seconds, slot: seconds } });

const plan = (slots: number, ...stages: readonly StageOutlook[]): EventBody =>
  run(
    stages.reduce((sum, { cells }) => sum + cells, 0),
    slots,
    stages,
  );

/** The estimate some seconds after the start; each event is a second later than the one before. */
const etaAt = (seconds: number, ...bodies: readonly EventBody[]) =>
  runEta(stateAfter(...bodies), start + seconds * 1000);

describe('the estimate of a run’s end', () => {
  it('goes by what the cells took the last time', () => {
    expect(etaAt(1, plan(2, stage('a', 6, took(10))), reused('a[x=0]'), reused('a[x=1]'))).toEqual({
      seconds: 20, // four cells of 10 s on two slots
      atLeast: false,
    });
  });

  it('goes by this run’s own cells as soon as there are some', () => {
    const bodies = [plan(1, stage('a', 3, took(10))), started('a[x=0]'), finished('a[x=0]', 4)];
    expect(etaAt(3, ...bodies)).toEqual({ seconds: 8, atLeast: false });
  });

  it('goes by what running cells say of themselves', () => {
    // Started at 1 s, now is 5 s: 4 s and another 6 s make 10 s a cell; 6 s of this one and 10 s of the next.
    const bodies = [plan(1, stage('a', 2)), started('a[x=0]'), progress('a[x=0]', { eta: 6 })];
    expect(etaAt(5, ...bodies)).toEqual({ seconds: 16, atLeast: false });
  });

  it('takes no longer for the members of a cohort than for one', () => {
    const cells = ['a[x=0]', 'a[x=1]', 'a[x=2]'];
    const bodies = [
      plan(1, stage('a', 6)),
      ...cells.map((cell) => startedIn('a[x=0]', 3, cell)),
      ...cells.map((cell) => progress(cell, { eta: 7 })),
    ];
    // Started at 1 s, now is 4 s: 3 s and 7 s make 10 s for three cells; 7 s are left, and another cohort.
    expect(etaAt(4, ...bodies)?.seconds).toBeCloseTo(17, 6);
  });

  it('knows what cohorts took the last time', () => {
    const known = { took: { wall: 30, slot: 10 } };
    expect(etaAt(0, plan(2, stage('a', 6, known)))?.seconds).toBe(30);
  });

  it('is no less than the longest chain of stages', () => {
    const chain = [
      stage('data', 1, took(5)),
      stage('teacher', 1, { needs: ['data'], ...took(60) }),
      stage('student', 4, { needs: ['data', 'teacher'], ...took(30) }),
    ];
    expect(etaAt(0, plan(8, ...chain))?.seconds).toBe(95);
    expect(etaAt(0, plan(1, ...chain))?.seconds).toBe(185);
  });

  it('scales what cells took the last time as this run’s own differ from it: more epochs, another machine', () => {
    const both = [stage('teacher', 1, took(3)), stage('student', 2, { needs: ['teacher'], ...took(2) })];
    expect(etaAt(2, plan(1, ...both), started('teacher'), finished('teacher', 30))?.seconds).toBe(40);
  });

  it('takes a stage of the same kind where nothing else is known of one', () => {
    const two = [stage('one', 1, { kind: 'train' }), stage('two', 3, { kind: 'train' })];
    expect(etaAt(2, plan(1, ...two), started('one'), finished('one', 5))?.seconds).toBe(15);
  });

  it('is a least where nothing is known of some cells', () => {
    const two = [stage('teacher', 1, took(60)), stage('student', 3, { needs: ['teacher'] })];
    expect(etaAt(0, plan(2, ...two))).toEqual({ seconds: 60, atLeast: true });
  });

  it('counts down what a running cell took the last time', () => {
    expect(etaAt(8, plan(1, stage('a', 1, took(10))), started('a'))?.seconds).toBe(3);
    expect(etaAt(60, plan(1, stage('a', 1, took(10))), started('a'))).toBeUndefined();
  });

  it('leaves out what failed', () => {
    expect(etaAt(2, plan(1, stage('a', 2, took(10))), started('a[x=0]'), failed('a[x=0]'))?.seconds).toBe(10);
  });

  it('is not there where nothing is known, and for older records', () => {
    expect(etaAt(0, plan(2, stage('a', 6)))).toBeUndefined();
    expect(etaAt(0, run(6))).toBeUndefined();
  });

  it('is as rough as it is', () => {
    expect([0.1, 12, 49, 55, 100, 725, 3540, 3600, 7500].map(roughly)).toEqual([
      '5 s',
      '15 s',
      '50 s',
      '1 min',
      '2 min',
      '12 min',
      '59 min',
      '1 h 00 min',
      '2 h 05 min',
    ]);
    expect(etaText({ seconds: 725, atLeast: false })).toBe('ETA ~12 min');
    expect(etaText({ seconds: 725, atLeast: true })).toBe('ETA >12 min');
  });
});
