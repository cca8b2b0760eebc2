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
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  const { cwd, env, patience } = options;
  // Loaded by those alone who start a program: it takes 40 ms.
  const { execa } = await import('execa');
  const { exitCode, code, stdout, all } = await execa(command, args, {
    ...{ reject: false, all: true, stdin: 'ignore' },
    ...(cwd !== undefined && { cwd }),
    ...(env && { env }),
    ...(patience !== undefined && { timeout: patience, killSignal: 'SIGKILL' }),
  });
  if (code === 'ENOENT') return { status: null, found: false, output: '', said: '' };
  return { status: exitCode ?? null, found: true, output: stdout, said: all.trim() };
}

/**
 * The last that a program said.
 *
 * @param said - all of it
 * @param lines - how many of its lines
 * @returns these lines
 */
export const lastWords = (said: string, lines = 5): string => said.split('\n').slice(-lines).join('\n');
