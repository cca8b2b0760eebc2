import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { identifyProcess, isRunning } from './process-identity.ts';

/** Characters of a file's name that its temporary name keeps: with what follows it stays shorter than any limit. */
const kept = 50;
/** `.<name>.<pid>-<start>-<host>-<boot>-<random>.tmp`; earlier versions wrote `.<name>.<random>.tmp`. */
const form = /^\..*\.(?:(\d+)-(\d*)-([0-9a-f]{8})-([0-9a-f]{8})-[0-9a-f]{8}|[0-9a-f]{12})\.tmp$/;
/** Age at which one counts as abandoned whose process cannot be asked for: longer than clocks differ. Milliseconds. */
const day = 24 * 3600 * 1000;

const digest = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/** This process, as its temporary files name it. */
function ownName(): { readonly pid: number; readonly start: string; readonly host: string; readonly boot: string } {
  const { pid, start, host, namespace, boot } = identifyProcess();
  return { pid, start, host: digest(`${host} ${namespace}`), boot: digest(boot ?? '') };
}

/**
 * Names a file that is to be renamed to another: beside it, unique, and it tells which process writes it.
 *
 * @param file - what it will be
 * @returns its path; nothing is there yet
 */
export function temporaryPath(file: string): string {
  const { pid, start, host, boot } = ownName();
  const name = Array.from(basename(file)).slice(0, kept).join('');
  return join(dirname(file), `.${name}.${pid}-${start}-${host}-${boot}-${randomBytes(4).toString('hex')}.tmp`);
}

function isAbandoned(path: string, [, pid, start = '', host, boot]: RegExpExecArray): boolean {
  const here = ownName();
  if (pid !== undefined && host === here.host) return boot !== here.boot || !isRunning({ pid: Number(pid), start });
  return Date.now() - statSync(path).mtimeMs > day;
}

/**
 * Removes the temporary files that killed processes have left in a folder. It never fails: they are only in the way.
 *
 * @param folder - the folder, which may be missing
 * @param of - only those of this file name; of all by default
 */
export function sweepTemporary(folder: string, of = ''): void {
  const prefix = `.${Array.from(of).slice(0, kept).join('')}`;
  try {
    for (const name of readdirSync(folder)) {
      const match = name.startsWith(prefix) ? form.exec(name) : null;
      if (match && isAbandoned(join(folder, name), match)) rmSync(join(folder, name), { force: true });
    }
  } catch {
    // Missing, read-only, or swept by somebody else.
  }
}
