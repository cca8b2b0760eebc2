import { statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { leaveAlone } from './campaign.ts';
import { resultsOf } from './results.ts';
import { Victim, type Home } from './victim.ts';
import type { Way } from './ways.ts';

/** A project whose second stage does something that no stage may, or nothing. */
const projectWith = (shell: string) => ({
  'README.md': '',
  'study.yaml': `name: study
stages:
  first: { uses: command, with: { shell: 'echo 1 > "$KDPIPE_OUT/x"', outputs: { x: x } } }
  second:
    uses: command
    with: { shell: '${shell}', inputs: { x: '\${stages.first.x}' }, outputs: { y: y } }
`,
});
const good = projectWith('cp "$KDPIPE_INPUT_X" "$KDPIPE_OUT/y"');

function victimOf(files: Readonly<Record<string, string>>, home?: Home): Victim {
  const victim = new Victim(files, home);
  onTestFinished(() => victim.remove());
  return victim;
}

describe('a campaign finds', () => {
  it('nothing where nothing is wrong', async () => {
    const { results } = await leaveAlone(good);
    const victim = victimOf(good);
    expect(await victim.run()).toMatchObject({ finished: true, hit: false, broken: [] });
    expect(await victim.judge(results)).toEqual([]);
    expect([...results.keys()].sort()).toEqual(['first', 'second']);
  });

  it('another result', async () => {
    const chance = projectWith('date +%N > "$KDPIPE_OUT/y"');
    const { results } = await leaveAlone(chance);
    const victim = victimOf(chance);
    await victim.run();
    expect(await victim.judge(results)).toEqual([{ sin: 'wrong', text: 'other results: second' }]);
  });

  it('a damaged result', async () => {
    const victim = victimOf(good);
    await victim.run();
    const results = resultsOf(victim.project);
    const key = victim.project.keys()[0] ?? '';
    victim.project.write(`runs/.store/${key.slice(0, 2)}/${key}/more`, 'not from its stage');
    expect(await victim.judge(results)).toContainEqual({ sin: 'wrong', text: expect.stringMatching(/more/) as string });
  });

  it('a run that is refused', async () => {
    const { finished, broken } = await victimOf(projectWith('exit 3')).run();
    expect(finished).toBe(false);
    expect(broken.map(({ sin }) => sin)).toEqual(['refused', 'refused']);
  });

  it('a result that is made again', async () => {
    const victim = victimOf(
      projectWith('find runs/.store -name manifest.json -exec touch {} +; echo >> touched; sleep 60'),
    );
    const struck = (run: number) => {
      const strike: Way['strike'] = async (_runner, kin) => {
        while (statSync(victim.project.path('touched'), { throwIfNoEntry: false })?.size !== run) await wait(20);
        kin.killAll();
        return true;
      };
      return victim.run({ way: { strike, ends: [null], causes: [] }, delay: 0, random: () => 0 });
    };
    expect(await struck(1)).toMatchObject({ hit: true, during: ['second'], broken: [] });
    const { broken } = await struck(2);
    expect(broken).toContainEqual({ sin: 'done twice', text: expect.stringMatching(/was made again/) as string });
  });

  it('a run that hangs, and ends it', async () => {
    const victim = victimOf(projectWith('sleep 60'), { patience: 2500 });
    const { broken } = await victim.run();
    expect(broken).toEqual([{ sin: 'hung', text: expect.stringMatching(/^nothing for 2.5 s after: /) as string }]);
    expect(await victim.kin.haveLeft(2000)).toBe(true);
  });
});
