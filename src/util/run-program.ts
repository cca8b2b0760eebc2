import { spawn } from 'node:child_process';

/** How a program is started. */
export interface ProgramOptions {
  readonly cwd?: string;
  /** Beside this process's own variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed; never by default. */
  readonly patience?: number;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Its exit code; null where a signal has ended it, or the program was not found. */
  readonly status: number | null;
  readonly found: boolean;
  /** Standard output. */
  readonly output: string;
  /** Standard output and error as they came, without blanks around. */
  readonly said: string;
}

/**
 * Runs a program to its end.
 *
 * @param command - name or path
 * @param args - its arguments
 * @param options - folder, variables
 * @returns how it ended
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    let [output, said] = ['', ''];
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.patience !== undefined && { timeout: options.patience, killSignal: 'SIGKILL' }),
    });
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      said += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.once('error', () => resolve({ status: null, found: false, output, said: said.trim() }));
    child.once('close', (status) => resolve({ status, found: true, output, said: said.trim() }));
  });
}

/**
 * The last that a program said.
 *
 * @param said - all of it
 * @param lines - how many of its lines
 * @returns these lines
 */
export const lastWords = (said: string, lines = 5): string => said.split('\n').slice(-lines).join('\n');
