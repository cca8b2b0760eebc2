import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const programs = ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/bin/sbatch', '/usr/sbin/munged'];

/** Why no cluster can be started here; undefined where one can. */
export function whyNoSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'a Slurm cluster on loopback needs root';
  const missing = programs.filter((path) => !existsSync(path));
  return missing.length > 0 ? `${missing.join(', ')}: apt-get install slurm-wlm munge` : undefined;
}

/** Says, once and loudly, that tests of Slurm are left out. */
export function sayWithoutSlurm(): boolean {
  const why = whyNoSlurm();
  if (why !== undefined) process.stderr.write(`\nSKIPPED: the tests with a real Slurm: ${why}\n`);
  return why !== undefined;
}

/** Why a cluster that is started here cannot limit the memory of jobs; undefined where it can. */
export function whyNoMemoryLimits(): string | undefined {
  const groups = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup/system.slice'];
  return groups.some((folder) => existsSync(folder)) ? undefined : 'the system has no control groups for memory';
}

/** Whether something is so; a look that throws has not seen it. */
function holds(isSo: () => boolean): boolean {
  try {
    return isSo();
  } catch {
    return false;
  }
}

/** Waits until something is so, also between tests. */
async function until(isSo: () => boolean, timeout = 60_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!holds(isSo)) {
    if (performance.now() > deadline) throw new Error(`it is not so after ${timeout} ms: ${isSo.toString()}`);
    await setTimeout(250);
  }
}

/** A port that nobody listens to. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Nodes of the cluster. */
const nodes = ['n1', 'n2'] as const;
type Node = (typeof nodes)[number];

/** What a cluster is to be like. */
export interface ClusterWishes {
  /** Further lines of slurm.conf. */
  readonly settings?: readonly string[];
  /** Ends jobs that take more memory than they asked for, by a cgroup. */
  readonly limitsMemory?: boolean;
}

/** A real Slurm cluster on loopback: a controller and two nodes of 4 CPUs, with ports, keys and folders of its own. */
export class SlurmCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'kdpipe-slurm-'));
  readonly #running = new Map<string, ChildProcess>();

  /** Variables by which Slurm's programs find it. */
  get environment(): { readonly SLURM_CONF: string } {
    return { SLURM_CONF: join(this.folder, 'slurm.conf') };
  }

  /** Starts a cluster and waits until its nodes are idle; on other ports where somebody was quicker to take one. */
  static async start(wishes: ClusterWishes = {}, tries = 3): Promise<SlurmCluster> {
    const cluster = new SlurmCluster();
    try {
      await cluster.#begin(wishes);
      return cluster;
    } catch (error) {
      await cluster.stop();
      if (tries === 1) throw error;
      return SlurmCluster.start(wishes, tries - 1);
    }
  }

  async #begin(wishes: ClusterWishes): Promise<void> {
    chmodSync(this.folder, 0o755);
    mkdirSync(this.#path('state'));
    if (wishes.limitsMemory) writeFileSync(this.#path('cgroup.conf'), 'ConstrainRAMSpace=yes\n');
    writeFileSync(this.#path('munge.key'), randomBytes(64), { mode: 0o600 });
    const [controller, first, second] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(this.environment.SLURM_CONF, this.#configuration([controller, first, second], wishes));
    const munge = ['socket=munge.sock', 'key-file=munge.key', 'pid-file=munge.pid', 'seed-file=munge.seed'];
    const options = munge.map((option) => `--${option.replace('=', `=${this.folder}/`)}`);
    this.#spawn('munged', '/usr/sbin/munged', ['--force', '--foreground', '--num-threads=1', ...options]);
    await until(() => existsSync(this.#path('munge.sock')));
    this.startController();
    for (const node of nodes) this.startNode(node);
    await this.isReady(30_000);
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  #configuration(
    [controller, ...ports]: readonly number[],
    { settings = [], limitsMemory = false }: ClusterWishes,
  ): string {
    const host = hostname();
    const of = this.folder;
    return [
      ...['ClusterName=loopback', `SlurmctldHost=${host}(127.0.0.1)`, `SlurmctldPort=${controller}`, 'SlurmUser=root'],
      ...['AuthType=auth/munge', 'CredType=cred/munge', `AuthInfo=socket=${of}/munge.sock`, 'MpiDefault=none'],
      ...[`StateSaveLocation=${of}/state`, `SlurmdSpoolDir=${of}/spool.%n`, `SlurmctldPidFile=${of}/slurmctld.pid`],
      ...[`SlurmdPidFile=${of}/slurmd.%n.pid`, 'ProctrackType=proctrack/linuxproc'],
      `TaskPlugin=task/${limitsMemory ? 'cgroup' : 'none'}`,
      ...['SlurmdParameters=config_overrides', 'SelectType=select/cons_tres', 'SelectTypeParameters=CR_CPU_Memory'],
      ...['SchedulerType=sched/backfill', 'SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0'],
      ...[
        'AccountingStorageType=accounting_storage/none',
        'JobAcctGatherType=jobacct_gather/none',
        'ReturnToService=2',
      ],
      ...['SlurmctldTimeout=10', 'SlurmdTimeout=10', 'KillWait=5', 'MinJobAge=300', 'MessageTimeout=5'],
      ...settings,
      ...nodes.map(
        (node, at) =>
          `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[at]} CPUs=4 RealMemory=4000`,
      ),
      'PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
      '',
    ].join('\n');
  }

  #spawn(name: string, program: string, args: readonly string[]): void {
    const log = openSync(this.#path(`${name}.log`), 'a');
    const env = { ...process.env, ...this.environment };
    this.#running.set(name, spawn(program, args, { env, stdio: ['ignore', log, log] }));
    closeSync(log);
  }

  startController(): void {
    this.#spawn('slurmctld', '/usr/sbin/slurmctld', ['-D']);
  }

  /** Starts a node; one that is not to see a folder has a view of the disks of its own. */
  startNode(node: Node, hidden?: string): void {
    const words = ['/usr/sbin/slurmd', '-D', '-N', node] as const;
    if (hidden === undefined) this.#spawn(node, words[0], words.slice(1));
    else
      this.#spawn(node, 'unshare', [
        '--mount',
        'sh',
        '-c',
        'mount -t tmpfs none "$1" && shift && exec "$@"',
        'sh',
        hidden,
        ...words,
      ]);
  }

  /** Ends one of its processes, at once: the controller, or a node. What jobs have started on a node goes on. */
  async kill(name: 'slurmctld' | Node): Promise<void> {
    const child = this.#running.get(name);
    if (!child) throw new Error(`${name} does not run`);
    this.#running.delete(name);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Runs a program of Slurm. */
  ask(program: string, ...args: readonly string[]): string {
    return execFileSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, ...this.environment },
      stdio: 'pipe',
    });
  }

  /** Waits until both nodes take jobs. */
  async isReady(timeout?: number): Promise<void> {
    const states = () => this.ask('sinfo', '--noheader', '--partition=debug', '--Node', '--format=%t');
    await until(() => states() === 'idle\n'.repeat(nodes.length), timeout);
  }

  log(name: string): string {
    return readFileSync(this.#path(`${name}.log`), 'utf8');
  }

  /** Cancels what runs and ends all processes. */
  async stop(): Promise<void> {
    try {
      this.ask('scancel', '--me', '--signal=KILL', '--full');
      this.ask('scancel', '--me');
      await until(() => this.ask('squeue', '--me', '--noheader') === '', 20_000);
    } catch {
      // A controller that a test has killed cancels nothing.
    }
    const children = [...this.#running.values()].reverse();
    await Promise.all(
      children.map((child) => {
        const gone = new Promise((resolve) =>
          child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(undefined),
        );
        child.kill('SIGTERM');
        return gone;
      }),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }
}
