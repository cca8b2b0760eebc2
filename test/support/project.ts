import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The built command line, as users run it. */
export const kdpipe = resolve('dist/cli/main.js');

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A throw-away folder with pipeline files, in which the built command line runs. */
export class Project {
  readonly folder: string;

  /** @param folder - where it lies; a new folder by default */
  constructor(files: Readonly<Record<string, string>> = {}, folder = mkdtempSync(join(tmpdir(), 'kdpipe-e2e-'))) {
    this.folder = folder;
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  write(path: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  /** Writes a script that may be executed. */
  writeProgram(path: string, text: string): void {
    this.write(path, text);
    chmodSync(this.path(path), 0o755);
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  /** Runs `kdpipe ...args` to its end. */
  run(...args: readonly string[]): Ended {
    return this.runWith({}, ...args);
  }

  /** The same with further environment variables. */
  runWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Ended {
    const ended = spawnSync('node', [kdpipe, ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      env: { ...process.env, CI: '1', ...environment },
      maxBuffer: 2 ** 26,
    });
    return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
  }

  /** Starts `kdpipe ...args` and leaves it running. */
  start(...args: readonly string[]): ChildProcess {
    return this.startWith({}, ...args);
  }

  /** The same with further environment variables. */
  startWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]): ChildProcess {
    const env = { ...process.env, CI: '1', ...environment };
    return spawn('node', [kdpipe, ...args], { cwd: this.folder, stdio: 'pipe', env });
  }

  /** Runs another program in the folder, which has to end well, and returns what it printed. */
  runProgram(program: string, ...args: readonly string[]): string {
    return execFileSync(program, args, { cwd: this.folder, encoding: 'utf8' });
  }

  /** Store keys, from the folders. */
  keys(): readonly string[] {
    const store = this.path('runs/.store');
    if (!existsSync(store)) return [];
    return readdirSync(store)
      .filter((name) => /^[0-9a-f]{2}$/.test(name))
      .flatMap((name) => readdirSync(join(store, name)))
      .sort();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
