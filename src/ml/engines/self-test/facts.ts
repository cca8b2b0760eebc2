import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeArguments } from '../../../util/own-module.ts';
import { assetPath } from '../../../util/package-root.ts';
import type { Facts } from '../../../util/verdicts.ts';
import type { Engine } from '../engine.ts';

/** The program that tries engines out. */
export const PROVE = { source: new URL('prove.ts', import.meta.url), built: 'dist/ml/engines/self-test/prove.js' };

/** What an engine says of itself that is no matter of right and wrong. */
const BESIDE: ReadonlySet<string> = new Set(['threads', 'rounds']);

/** The driver's version where it says it in a file. */
function driver(): string {
  try {
    return readFileSync('/proc/driver/nvidia/version', 'utf8').split('\n')[0] ?? '';
  } catch {
    return '';
  }
}

/** Files in a folder, in an order that is always the same; without what Python compiles of them. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();

let own: string | undefined;

/**
 * SHA-256 of kdpipe's own part: the built program, which imports modules that are named by what they hold, and what ships beside it,
 * such as the program that Python runs; of the sources, all that engines are.
 */
function ownDigest(): string {
  if (own !== undefined) return own;
  const hash = createHash('sha256');
  const program = nodeArguments(PROVE).at(-1) ?? '';
  for (const path of [program, ...filesIn(assetPath('src/ml/engines'))]) hash.update(readFileSync(path));
  own = hash.digest('hex');
  return own;
}

/**
 * What a verdict on an engine holds for.
 *
 * @param name - of the registry
 * @param description - what the engine says of itself: device, versions
 * @returns that, with the driver and kdpipe's own part
 */
export function factsOf(name: string, description: Engine['description']): Facts {
  const said = Object.entries(description).filter(([key]) => !BESIDE.has(key));
  return {
    ...Object.fromEntries(said.map(([key, value]) => [key, String(value)])),
    ...{ of: `the ${name} engine`, driver: driver(), own: ownDigest() },
  };
}
