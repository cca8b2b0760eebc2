import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bytesIn } from '../../../../util/bytes-in.ts';
import { MODULE } from '../installed.ts';
import { installationsFolder } from '../release.ts';
import { holdFolder } from './hold.ts';

/** What lies in the folder of installations, of any release of kdpipe. */
export interface FoundInstallation {
  readonly engine: string;
  /** TensorFlow's. */
  readonly version: string;
  /** Whether it was made for GPUs. */
  readonly gpu: boolean;
  /** False where its installation was interrupted. */
  readonly whole: boolean;
  /** What it takes on the disk. */
  readonly bytes: number;
  /** Absolute path. */
  readonly folder: string;
}

/** `tensorflow-2.21.0-cpu`; what is half made has a dot before it. */
const NAME = /^(\.?)(tensorflow)-(\d[\w.]*)-(cpu|cuda)$/;

/**
 * Looks for installations, whole and half made.
 *
 * @param home - their folder
 * @returns those that are there, by name
 */
export function installations(home = installationsFolder()): readonly FoundInstallation[] {
  if (home === undefined || !existsSync(home)) return [];
  return readdirSync(home)
    .sort()
    .flatMap((name) => {
      const [, dot, engine = '', version = '', variant] = NAME.exec(name) ?? [];
      if (dot === undefined) return [];
      const folder = join(home, name);
      const whole = dot === '' && existsSync(join(folder, MODULE));
      return [{ engine, version, gpu: variant === 'cuda', whole, bytes: bytesIn(folder), folder }];
    });
}

/**
 * Removes an installation. What runs with it goes on: the system keeps its libraries until then.
 *
 * @param installation - whole or half made
 * @throws FailureError `being-installed`
 */
export function removeInstallation(installation: FoundInstallation): void {
  const { folder, whole } = installation;
  if (!whole) holdFolder(folder);
  rmSync(folder, { recursive: true, force: true });
}
