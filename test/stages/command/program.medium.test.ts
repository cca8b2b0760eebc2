import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProgram, type ProgramEnd } from '../../../src/stages/command/program.ts';
import { signalGroup } from '../../../src/util/process-group.ts';
import { Mailbox } from '../../support/mailbox.ts';

let folder: string;
let log: number;
let mailbox: Mailbox;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-program-'));
  log = openSync(join(folder, 'log.txt'), 'a');
  mailbox = await Mailbox.open();
});
afterEach(async () => {
  closeSync(log);
  await mailbox.close();
  rmSync(folder, { recursive: true });
});

const groups: number[] = [];
const start = (file: string, args: readonly string[], stop = new AbortController()): Promise<ProgramEnd> =>
  runProgram(
    { file, arguments: args, cwd: folder, env: { ...process.env, TAG: folder }, log, tags: [`TAG=${folder}`] },
    stop.signal,
    (leader) => groups.push(leader),
  );
const shell = (line: string, stop?: AbortController) => start('/bin/sh', ['-c', line], stop);
const lastGroupLives = () => signalGroup(groups.at(-1) ?? 0, 0);

describe('runProgram', () => {
  it('passes arguments as they are and appends both outputs to the log', async () => {
    const end = await start('printf', ['%s|', 'a b', '$HOME', '"', ';']);
    await shell('echo error >&2');
    expect(end).toEqual({ code: 0, signal: null, strays: [] });
    expect(readFileSync(join(folder, 'log.txt'), 'utf8')).toBe('a b|$HOME|"|;|error\n');
  });

  it('tells the exit code, and the signal that killed it', async () => {
    expect(await shell('exit 7')).toEqual({ code: 7, signal: null, strays: [] });
    expect(await shell('kill -KILL $$')).toEqual({ code: null, signal: 'SIGKILL', strays: [] });
  });

  it('rejects what cannot be started', async () => {
    await expect(start(join(folder, 'nothing'), [])).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives it no standard input: a program that reads ends at once', async () => {
    expect(await start('cat', [])).toEqual({ code: 0, signal: null, strays: [] });
  });

  it('stops the whole group on abort: children too, after they have saved', async () => {
    const stop = new AbortController();
    const child = `trap 'echo saved > saved; exit 0' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`;
    const ended = shell(
      `sh -c "$CHILD" & wait`.replace('$CHILD', child.replaceAll('"', '\\"').replaceAll('$', '\\$')),
      stop,
    );
    await mailbox.heard('up');
    stop.abort();
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM', strays: [] });
    expect(existsSync(join(folder, 'saved'))).toBe(true);
    await expect.poll(lastGroupLives).toBe(false);
  });

  it('leaves nothing in the background behind when the program ends', async () => {
    await shell(`sleep 1000 & ${mailbox.say('up')}`);
    await mailbox.heard('up');
    // Killed at once, but init may take a second to bury it.
    await expect.poll(lastGroupLives).toBe(false);
  });

  /** A script that is run as a session of its own. */
  const daemon = (...lines: readonly string[]) => writeFileSync(join(folder, 'daemon.sh'), lines.join('\n'));

  it('ends what has left its session, and says what', async () => {
    daemon('echo $$ > daemon', mailbox.say('up'), 'exec sleep 1000');
    const ended = shell(`setsid sh daemon.sh & ${mailbox.sayAndWait('held')}`);
    await Promise.all([mailbox.heard('up'), mailbox.heard('held')]);
    const pid = Number(readFileSync(join(folder, 'daemon'), 'utf8'));
    // What it said so with has ended then.
    await expect.poll(() => readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('sleep\n');
    mailbox.release();
    const { strays } = await ended;
    expect(strays).toEqual([{ pid, name: expect.stringMatching(/^(sh|sleep)$/) as string, group: pid }]);
    await expect.poll(() => signalGroup(pid, 0)).toBe(false);
  });

  it('lets what has left its session save on abort, too', async () => {
    const stop = new AbortController();
    daemon("trap 'echo saved > saved; exit 0' TERM", mailbox.say('up'), 'while :; do sleep 0.01; done');
    const ended = shell('setsid sh daemon.sh & wait', stop);
    await mailbox.heard('up');
    stop.abort();
    await ended;
    expect(existsSync(join(folder, 'saved'))).toBe(true);
  });
});
