import { createInterface } from 'node:readline';
import { fail } from '../../core/failure.ts';

/** One thing that a study must know, and how it is asked for. */
export interface Question {
  readonly flag: string;
  readonly text: string;
  /** What an empty answer means. */
  readonly preset: string;
}

/** Gives answers to questions, in turn. */
export type Ask = (question: Question) => Promise<string>;

/**
 * Asks on the terminal: an empty line takes the preset.
 *
 * @param input - what is typed
 * @param output - where questions are shown
 * @returns what asks, and what ends it; asking throws FailureError `unanswered` where the input has ended
 */
export function asking(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): { readonly ask: Ask; readonly close: () => void } {
  const terminal = createInterface({ input, output });
  // Keeps what was typed, or pasted, before its question came.
  const lines = terminal[Symbol.asyncIterator]();
  const ask: Ask = async ({ flag, text, preset }) => {
    terminal.setPrompt(`${text} [${preset}] `);
    terminal.prompt();
    const line = await lines.next();
    if (line.done !== true) return line.value.trim() || preset;
    return fail({
      code: 'unanswered',
      message: `the input ended at the question “${text}”`,
      fix: `answer it, or give --${flag}, or --yes for all that is suggested`,
    });
  };
  return { ask, close: () => terminal.close() };
}

/** Takes every preset. */
export const presets: Ask = ({ preset }) => Promise.resolve(preset);

/**
 * Splits an answer that may name several things.
 *
 * @param answer - names between commas or blanks
 * @returns the names
 */
export const several = (answer: string): readonly string[] => answer.split(/[\s,]+/).filter((name) => name !== '');
