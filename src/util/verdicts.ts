import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { writeWhole } from './write-whole.ts';

/** How something went that was tried out on this very machine and Node. */
export type Verdict = 'good' | 'bad';

/** What a verdict is about, and the circumstances in which it holds. */
export type Facts = Readonly<Record<string, string>>;

/**
 * The user's folder for what can be made again.
 *
 * @returns its absolute path; it need not be there; undefined for a user without a home
 */
export function cacheFolder(): string | undefined {
  const asked = process.env['XDG_CACHE_HOME'];
  if (asked !== undefined && isAbsolute(asked)) return join(asked, 'kdpipe');
  try {
    return join(homedir(), '.cache', 'kdpipe');
  } catch {
    return undefined;
  }
}

/**
 * Where the verdict on something is kept between processes: a file of its own, so that writers never undo each other.
 *
 * @param facts - whatever the verdict depends on
 * @returns absolute path of the file, which need not be there; null for a user without a home
 */
export function verdictFile(facts: Facts): string | null {
  const folder = cacheFolder();
  if (folder === undefined) return null;
  const text = JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
  return join(folder, 'verdicts', `${createHash('sha256').update(text).digest('hex').slice(0, 32)}.json`);
}

/**
 * Reads a verdict.
 *
 * @param file - from {@link verdictFile}
 * @returns the verdict; undefined where none is kept, or what is kept is damaged
 */
export function readVerdict(file: string | null): Verdict | undefined {
  if (file === null) return undefined;
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { readonly verdict?: unknown } | null;
    return kept?.verdict === 'good' || kept?.verdict === 'bad' ? kept.verdict : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps a verdict, as well as can be: where it cannot be written it is found anew next time.
 *
 * @param file - from {@link verdictFile}
 * @param verdict - what was found
 * @param why - for whoever opens the file
 */
export function keepVerdict(file: string | null, verdict: Verdict, why: Facts): void {
  if (file === null) return;
  try {
    writeWhole(file, `${JSON.stringify({ verdict, ...why }, null, 2)}\n`);
  } catch {
    // Nothing depends on it but time.
  }
}
