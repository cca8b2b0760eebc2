/**
 * Records the README's picture of a terminal: `npm run build:terminal`. The quickstart runs in tmux, a real terminal, in a folder of its
 * own, and again; what the terminal shows becomes an SVG of text that plays once, at the pace of the run. Needs tmux.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { terminalSvg, type Frame } from './terminal-svg.ts';

const COLUMNS = 100;
const ROWS = 27;
const PICTURE = 'pipelines/plots/quickstart-terminal.svg';
const PIPELINE = 'pipelines/quickstart.yaml';
/** What is typed, and what its end looks like. */
const typed = [
  [`kdpipe run ${PIPELINE}`, /done in .*\n[^]*\$ *$/],
  [`kdpipe run ${PIPELINE}`, /nothing to do[^]*\$ *$/],
  [`kdpipe run -n ${PIPELINE} -S kd_ratio=0.6`, /kd_ratio=0\.6[^]*\$ *$/],
] as const;
/** Milliseconds between two looks. */
const LOOK = 250;
/** The same while something runs: more makes a larger picture. */
const PACE = 1000;

const folder = mkdtempSync(join(tmpdir(), 'kdpipe-terminal-'));
mkdirSync(join(folder, 'pipelines'));
mkdirSync(join(folder, 'bin'));
copyFileSync(PIPELINE, join(folder, PIPELINE));
const program = join(folder, 'bin', 'kdpipe');
writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/cli/main.js')}' "$@"\n`);
chmodSync(program, 0o755);

const tmux = (...words: readonly string[]): string =>
  execFileSync('tmux', ['-L', `kdpipe-picture-${process.pid}`, ...words], { encoding: 'utf8' });
const frames: Frame[] = [];
const began = performance.now();
/** Looks at the terminal, and keeps what is new. */
function look(): string {
  const screen = tmux('capture-pane', '-e', '-p').trimEnd();
  const last = frames.at(-1);
  if (screen !== last?.screen) frames.push({ screen, at: (performance.now() - began) / 1000 });
  return tmux('capture-pane', '-p').trimEnd();
}

const shell = `env PATH='${join(folder, 'bin')}':"$PATH" PS1='$ ' bash --norc --noprofile`;
tmux('new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), '-c', folder, shell);
try {
  for (const [command, end] of typed) {
    await wait(4 * LOOK);
    tmux('send-keys', 'clear', 'Enter');
    await wait(LOOK);
    tmux('send-keys', command);
    await wait(LOOK);
    look();
    tmux('send-keys', 'Enter');
    do await wait(PACE);
    while (!end.test(look()));
    await wait(8 * LOOK);
  }
  const svg = terminalSvg(frames, {
    columns: COLUMNS,
    title: `A terminal: ${typed.map(([command]) => command).join('; ')}`,
  });
  writeFileSync(PICTURE, svg);
  console.log(`${PICTURE}: ${frames.length} screens, ${Math.round(statSync(PICTURE).size / 1024)} KiB`);
} finally {
  tmux('kill-server');
  rmSync(folder, { recursive: true });
}
