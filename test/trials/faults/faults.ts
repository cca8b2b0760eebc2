import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { uniforms } from '../../../src/ml/random/random.ts';
import { openStore } from '../../../src/store/local.ts';
import { verify } from '../../../src/store/verify.ts';
import { Project, type Ended } from '../../support/project.ts';
import { countOf, type Counts, type Outcome, type Size, type Trial } from '../trial.ts';

const codes = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'] as const;
const roles = ['runner', 'worker'] as const;

/** Which call is refused, and how. */
interface Fault {
  readonly role: (typeof roles)[number];
  readonly code: (typeof codes)[number];
  /** Number of the call among those that can fail so; from 1. */
  readonly at: number;
  /** Whether all further calls are refused, too, as on a disk that is full. */
  readonly on: boolean;
}

/** Two stages, the second reads the first; a source, a metric, a table. */
const files = {
  'words.txt': 'one two three\n',
  'README.md': '<!-- kdpipe:t -->\n<!-- /kdpipe:t -->\n',
  'p.yaml': `name: p
stages:
  count:
    uses: command
    with:
      shell: 'set -- $(cat "$KDPIPE_INPUT_WORDS"); mkdir "$KDPIPE_OUT/d"; echo $# | tee "$KDPIPE_OUT/d/n"'
      inputs: { words: words.txt }
      outputs: { d: d }
  twice:
    uses: command
    matrix: { seed: [1] }
    with:
      shell: 'echo "{ \\"n\\": $(($(cat "$KDPIPE_INPUT_D/n") * 2)) }" > "$KDPIPE_OUT/m.json"'
      inputs: { d: '\${stages.count.d}' }
      metrics: m.json
tables:
  t: { from: twice, rows: [seed], columns: [n], into: README.md }
`,
};

const layer = pathToFileURL(fileURLToPath(new URL('refuse.mjs', import.meta.url))).href;

/** Runs the pipeline under a fault; one that never comes only counts. */
function runUnder(project: Project, fault: Fault, log = ''): Ended {
  const { role, code, at, on } = fault;
  const environment = {
    NODE_OPTIONS: `--import=${layer}`,
    FAULT_ROOT: resolve(project.folder),
    FAULT_ROLE: role,
    FAULT_CODE: code,
    FAULT_AT: `${at}`,
    FAULT_ON: on ? '1' : '',
    FAULT_LOG: log,
  };
  return project.runWith(environment, 'run', 'p.yaml', '-j', '1');
}

/** How many calls of a run can fail so. */
function countCalls(role: Fault['role'], code: Fault['code']): number {
  const project = new Project(files);
  try {
    const { code: exit, stderr } = runUnder(project, { role, code, at: 0, on: false }, project.path('calls.txt'));
    if (exit !== 0) throw new Error(`a run without faults failed: ${stderr}`);
    const counts = [...project.read('calls.txt').matchAll(/^(\w+) (\d+)$/gm)];
    return Math.max(...counts.filter(([, of]) => of === role).map(([, , count]) => Number(count)));
  } finally {
    project.remove();
  }
}

/** What is wrong with how a run under a fault ended; nothing where it is as promised. */
function wrongEnd({ code, stderr }: Ended): string | undefined {
  if (code === null) return 'was killed, or did not end';
  if (/internal error|^\s+at .+:\d+:\d+\)?$/m.test(stderr)) return 'called it a bug';
  const says = { done: /^(done in|nothing to do)/m.test(stderr), failed: /^failed after/m.test(stderr) };
  const names = /\[[a-z][a-z-]+\]|cannot be read any more/.test(stderr);
  if (code === 0) return says.done ? undefined : 'ended with 0 and no summary';
  if (code === 1) return names && (says.done || says.failed) ? undefined : 'ended with 1 and no summary or cause';
  if (code !== 2) return `ended with ${code}`;
  if (/ started: /.test(stderr)) return 'ended with 2 after stages had started';
  return names ? undefined : 'ended with 2 and no cause';
}

const table = (project: Project): boolean => /\| 1 +\| +6 \|/.test(project.read('README.md'));

/** Files below a folder. */
function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

/** What an ended run has left behind: drafts, and files that were to be renamed. A lock of the dead is nobody's, and gc sweeps it. */
function litter(project: Project): readonly string[] {
  const left = [...filesBelow(project.folder)].map((path) => path.slice(project.folder.length + 1));
  return left.filter((path) => /\/\.drafts\/|\.tmp$/.test(path));
}

/** What is wrong with the store, and with the run after; nothing where all is as promised. */
async function wrongAfter(project: Project, first: Ended): Promise<string | undefined> {
  const store = openStore(project.path('runs/.store'));
  for await (const { message } of verify(store)) return `left a store that does not verify: ${message}`;
  if (first.code === 0 && !table(project)) return 'ended with 0 and without its table';
  const second = project.run('run', 'p.yaml', '-j', '1');
  if (second.code !== 0) return `let the next run fail: ${second.stderr}`;
  if (!table(project)) return 'let the next run end without its table';
  const again = ['count', 'twice[seed=1]'].find(
    (cell) => first.stderr.includes(`${cell} finished`) && second.stderr.includes(`${cell} started`),
  );
  if (again) return `let the next run make ${again} again`;
  for await (const { message } of verify(store)) return `and the next left a store that does not verify: ${message}`;
  if (!project.run('run', 'p.yaml').stderr.startsWith('nothing to do')) return 'and the next left something to do';
  const left = litter(project);
  return left.length ? `and the next left ${left.join(', ')}` : undefined;
}

/** One run under a fault, and one after. */
async function tryFault(fault: Fault): Promise<{ readonly code: number | null; readonly wrong: string | undefined }> {
  const project = new Project(files);
  try {
    const first = runUnder(project, fault);
    const wrong = wrongEnd(first);
    const said = () => `: ${first.stderr.trim().split('\n').slice(-6).join(' / ')}`;
    return { code: first.code, wrong: wrong === undefined ? await wrongAfter(project, first) : wrong + said() };
  } finally {
    project.remove();
  }
}

/** Some of the calls from 1 to `calls`, spread evenly; where the first one is comes of the seed. */
function spread(calls: number, count: number, seed: number): readonly number[] {
  const stride = calls / Math.min(calls, count);
  const first = uniforms(seed, 'term', 0, 0)() * stride;
  return Array.from({ length: Math.min(calls, count) }, (_, index) => 1 + Math.floor(first + index * stride));
}

/** Every fault of a run, or so many in one process with one cause. */
function faultsOf(role: Fault['role'], code: Fault['code'], calls: number, size: Size): readonly Fault[] {
  const all = spread(calls, countOf(size, { smoke: 1, full: Infinity }), size.seed);
  const once = all.map((at): Fault => ({ role, code, at, on: false }));
  return code === 'ENOSPC' ? [...once, ...all.map((at): Fault => ({ role, code, at, on: true }))] : once;
}

const nameOf = ({ role, code, at, on }: Fault): string =>
  `${code} at call ${at} of the ${role}${on ? ' and all after' : ''}`;

/** Columns of figures, by what the table calls them. */
const columns = {
  calls: 'calls',
  runs: 'runs',
  done: 'exit 0',
  failed: 'exit 1',
  'not started': 'exit 2',
  broken: 'broken',
} as const;

async function run(size: Size): Promise<Outcome> {
  const broken: string[] = [];
  const counts: Record<string, Counts> = {};
  for (const role of roles)
    for (const code of codes) {
      const calls = countCalls(role, code);
      const faults = faultsOf(role, code, calls, size);
      const row: Record<string, number> = { calls, runs: faults.length };
      const add = (name: string) => (row[name] = (row[name] ?? 0) + 1);
      for (const fault of faults) {
        const { code: end, wrong } = await tryFault(fault);
        add(`exit ${end}`);
        if (wrong === undefined) continue;
        add('broken');
        broken.push(`${nameOf(fault)}: ${wrong}`);
        process.stderr.write(`${broken.at(-1) ?? ''}\n`);
      }
      process.stderr.write(`${code} in the ${role}: ${faults.length} runs\n`);
      counts[`${code} | ${role}`] = row;
    }
  return { broken, counts };
}

function tell(counts: Counts): string {
  const head = ['refused with', 'in the', ...Object.keys(columns)];
  const rows = Object.entries(counts as Record<string, Record<string, number>>).map(([name, row]) => [
    name,
    ...Object.values(columns).map((column) => row[column] ?? 0),
  ]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `Calls that can fail so in one run, and runs in which one of them was; ENOSPC also from there on.\n\n${lines.join('\n')}`;
}

/** Refuses each call of the file system during a run, one run a call. */
export const faults: Trial = {
  promise:
    'Whichever call of the file system is refused during a run, the run ends with a summary or a cause, and the right exit code; the store verifies; the next run finishes, makes nothing twice, and leaves no litter.',
  run,
  tell,
};
