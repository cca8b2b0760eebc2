import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withMarks, type Step } from '../../../../../src/ml/engines/tensorflow/install/steps.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'steps-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const silent = (): void => undefined;

describe('steps with marks', () => {
  it('are not done again once they have ended well, and those that failed are', async () => {
    const made: string[] = [];
    const step = (name: string, fails: boolean): Step => ({
      name,
      title: name,
      run: () => (fails ? Promise.reject(new Error(name)) : Promise.resolve(void made.push(name))),
    });
    const steps = (fails: boolean): ReturnType<typeof withMarks> =>
      withMarks(join(folder, 'marks'), [step('wheel a/b 1', false), step('wheel a/b 2', fails)]);
    const [first, second] = steps(true);
    await first?.run(silent);
    await expect(second?.run(silent)).rejects.toThrow('wheel a/b 2');
    const again = steps(false);
    expect(again.map(({ done }) => done)).toEqual([true, false]);
    for (const each of again) await each.run(silent);
    expect(made).toEqual(['wheel a/b 1', 'wheel a/b 2']);
    expect(steps(false).map(({ done }) => done)).toEqual([true, true]);
  });
});
