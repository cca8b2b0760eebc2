import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../../../core/failure.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../../../util/process-identity.ts';

/** Who holds a folder; undefined where nobody does, or a process that is gone. */
function holderOf(file: string): ProcessIdentity | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
    const { host, boot, namespace } = identifyProcess();
    // Of another host or container nothing is known but that it wrote this: two homes on one disk are rare.
    const isHere = holder.host === host && holder.namespace === namespace;
    return holder.boot === boot && isHere && isRunning(holder) === false ? undefined : holder;
  } catch {
    return undefined;
  }
}

/**
 * Keeps a folder for this process.
 *
 * @param folder - is there
 * @returns lets it go
 * @throws FailureError `being-installed` where another process that runs has it
 */
export function holdFolder(folder: string): () => void {
  const file = join(folder, 'holder.json');
  const holder = holderOf(file);
  if (holder === undefined) rmSync(file, { force: true });
  try {
    writeFileSync(file, JSON.stringify(identifyProcess()), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    fail({
      code: 'being-installed',
      message: `process ${holder?.pid ?? ''} on ${holder?.host ?? 'this machine'} is installing it`,
      fix: `wait until it has ended; where it is gone, remove ${file}`,
    });
  }
  return () => rmSync(file, { force: true });
}
