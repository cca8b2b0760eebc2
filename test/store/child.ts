import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A script of `children/` that runs in a process of its own. */
export class Child {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;
  #errors = '';

  constructor(script: string, ...args: readonly string[]) {
    const path = join(import.meta.dirname, 'children', script);
    this.process = spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.process;
    if (!stdout || !stderr) throw new Error('the child has no pipes');
    stderr.on('data', (bytes: Buffer) => (this.#errors += bytes.toString()));
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
    this.#exit = once(this.process, 'exit');
    onTestFinished(() => this.kill());
  }

  /** The next line that it prints; undefined at its end. */
  async line(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next();
    return done ? undefined : value;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#exit;
  }

  /** How it ended: exit status or signal, and what it said on standard error. */
  async end(): Promise<{ readonly code: number | string | null; readonly errors: string }> {
    await this.#exit;
    return { code: this.process.exitCode ?? this.process.signalCode, errors: this.#errors };
  }
}
