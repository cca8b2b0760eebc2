import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** `sbatch`, in front of the real one: notes when each call began and ended, and whether it only asked. */
const wrapper = (log: string): string => `#!/bin/bash
began=$(date +%s.%N)
/usr/bin/sbatch "$@"
code=$?
kind=submit
case " $* " in *" --test-only "*) kind=test ;; esac
echo "$kind $began $(date +%s.%N)" >> ${log}
exit $code
`;

/** Calls of `sbatch`. */
export interface Calls {
  readonly submissions: number;
  readonly tests: number;
  /** Seconds from the first call to the end of the last. */
  readonly seconds: number;
}

/** A folder in which programs run whose calls of `sbatch` are counted. */
export class Counted {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#write('sbatch', wrapper(this.#log));
    // Snakemake takes all variables of Slurm away, also the one that says where the cluster is.
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    this.#write('srun', `#!/bin/sh\nexec env ${variables.join(' ')} /usr/bin/srun "$@"\n`);
    const PATH = [folder, process.env['PATH']].join(delimiter);
    this.#environment = { ...process.env, CI: '1', ...environment, PATH };
  }

  #write(program: string, text: string): void {
    writeFileSync(join(this.#folder, program), text);
    chmodSync(join(this.#folder, program), 0o755);
  }

  get #log(): string {
    return join(this.#folder, 'calls.txt');
  }

  /** Those behind the first few. */
  calls(skip = 0): Calls {
    const lines = existsSync(this.#log) ? readFileSync(this.#log, 'utf8').trim().split('\n') : [];
    const calls = lines.slice(skip).map((line) => line.split(' '));
    const tests = calls.filter(([kind]) => kind === 'test').length;
    const [began, ended] = [1, 2].map((at) => calls.map((call) => Number(call[at])));
    const seconds = calls.length > 0 ? Math.max(...(ended ?? [])) - Math.min(...(began ?? [])) : 0;
    return { submissions: calls.length - tests, tests, seconds };
  }

  /** Runs a program to its end, which has to be a good one: what it said, and how many seconds it took. */
  run(program: string, ...args: readonly string[]): { readonly said: string; readonly seconds: number } {
    const start = performance.now();
    const options = { cwd: this.#folder, env: this.#environment, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
    const { status, stdout, stderr } = spawnSync(program, args, options);
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`);
    return { said: stdout + stderr, seconds: (performance.now() - start) / 1000 };
  }

  /** Runs a program to its end, however it ends. */
  start(program: string, ...args: readonly string[]): void {
    spawnSync(program, args, { cwd: this.#folder, env: this.#environment, stdio: 'ignore' });
  }

  begin(program: string, ...args: readonly string[]): ChildProcess {
    return spawn(program, args, { cwd: this.#folder, env: this.#environment, stdio: 'ignore' });
  }
}
