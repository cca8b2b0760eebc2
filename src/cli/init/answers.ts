import { createInterface } from 'node:readline';
import { InvalidArgumentError } from 'commander';
import { fail, FailureError } from '../../core/failure.ts';

/** One thing that a study must know, and how it is asked for. */
export interface Question<T> {
  readonly flag: string;
  readonly text: string;
  /** What an empty answer means. */
  readonly preset: string;
  /** What may be answered, where that can be listed: shown on `?`. */
  readonly choices?: readonly string[];
  /** Reads an answer; throws FailureError or InvalidArgumentError for one that is wrong. */
  readonly parse: (answer: string) => T;
}

/** Gives answers to questions, in turn. */
export type Ask = <T>(question: Question<T>) => Promise<T>;

/** What is wrong with an answer; other errors are thrown on. */
function answerProblem(error: unknown): string {
  if (error instanceof FailureError)
    return error.failures.map(({ message, fix }) => (fix === undefined ? message : `${message}; ${fix}`)).join('\n');
  if (error instanceof InvalidArgumentError) return error.message;
  throw error;
}

/**
 * Asks on the terminal: an empty line takes the preset, `?` lists what may be answered, and after a wrong answer
 * the question is asked again.
 *
 * @param input - what is typed
 * @param output - where questions are shown
 * @returns what asks, and what ends it; asking throws FailureError `unanswered` where the input has ended
 */
export function askOnTerminal(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): { readonly ask: Ask; readonly close: () => void } {
  const terminal = createInterface({ input, output });
  // Keeps what was typed, or pasted, before its question came.
  const lines = terminal[Symbol.asyncIterator]();
  const ask: Ask = async ({ flag, text, preset, choices, parse }) => {
    for (;;) {
      terminal.setPrompt(`${text} [${preset}] `);
      terminal.prompt();
      const line = await lines.next();
      if (line.done === true)
        return fail({
          code: 'unanswered',
          message: `the input ended at the question “${text}”`,
          fix: `answer it, or give --${flag}, or --yes for all that is suggested`,
        });
      if (line.value.trim() === '?') {
        output.write(choices ? `${choices.join(', ')}\n` : `an empty line takes ${preset}\n`);
        continue;
      }
      try {
        return parse(line.value.trim() || preset);
      } catch (error) {
        output.write(`${answerProblem(error)}\n`);
      }
    }
  };
  return { ask, close: () => terminal.close() };
}

/**
 * Takes the preset of a question, without asking.
 *
 * @param question - the question
 * @returns its preset, read as an answer
 */
export const takePreset: Ask = ({ preset, parse }) => Promise.resolve(parse(preset));

/**
 * Splits an answer that may name several things.
 *
 * @param answer - names between commas or blanks
 * @returns the names
 */
export const splitNames = (answer: string): readonly string[] => answer.split(/[\s,]+/).filter((name) => name !== '');
