import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { FailureError, type Failure } from '../../core/failure.ts';
import { decodingObstacle } from '../../ml/bench/pictures.ts';
import { engineStates, type EngineState } from '../../ml/bench/engines.ts';
import { gpuFacts, type GpuFacts } from '../../ml/bench/gpu.ts';
import { foldersOf } from '../../project/folders.ts';
import { assetPath } from '../../util/package-root.ts';
import { cacheFolder } from '../../util/verdicts.ts';
import { threadsOption } from '../threads.ts';

/** A folder that kdpipe writes into, which need not be there. */
export interface Destination {
  readonly path: string;
  /** What the system says against writing there; null where nothing does. */
  readonly obstacle: string | null;
  /** Bytes that are free there. */
  readonly free: number;
}

/** What is known of this machine, for a run of kdpipe. */
export interface Facts {
  readonly node: { readonly version: string; readonly wanted: string };
  readonly machine: {
    readonly cores: number;
    readonly processor: string;
    readonly memory: number;
    readonly left: number;
  };
  /** What is wrong with KDPIPE_ variables. */
  readonly environment: readonly Failure[];
  /** Every engine by its name; empty where the environment is wrong. */
  readonly engines: Readonly<Record<string, EngineState>>;
  readonly gpu: GpuFacts;
  /** Why images cannot be decoded; null where they can. */
  readonly images: string | null;
  readonly workspace: Destination;
  /** null for a user without a home. */
  readonly cache: Destination | null;
  readonly terminal: { readonly columns: number | null; readonly color: boolean };
}

/** Looks at the nearest folder that is there; makes nothing. */
function destination(path: string): Destination {
  let nearest = path;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  const { bavail, bsize } = statfsSync(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return { path, obstacle: null, free: bavail * bsize };
  } catch (error) {
    return { path, obstacle: error instanceof Error ? error.message : String(error), free: bavail * bsize };
  }
}

async function enginesHere(): Promise<Pick<Facts, 'engines' | 'environment'>> {
  try {
    const { threads = availableParallelism() } = threadsOption();
    return { engines: await engineStates(threads), environment: [] };
  } catch (error) {
    if (error instanceof FailureError) return { engines: {}, environment: error.failures };
    throw error;
  }
}

/**
 * Looks at this machine; changes nothing but for the kept verdict on native code.
 *
 * @param folder - the workspace
 * @returns what was found
 */
export async function gatherFacts(folder: string): Promise<Facts> {
  const { engines: wanted } = JSON.parse(readFileSync(assetPath('package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const cache = cacheFolder();
  const constrained = process.constrainedMemory();
  return {
    node: { version: process.versions.node, wanted: wanted.node },
    machine: {
      cores: availableParallelism(),
      processor: cpus()[0]?.model.trim() ?? '',
      memory: constrained > 0 ? Math.min(constrained, totalmem()) : totalmem(),
      left: process.availableMemory(),
    },
    ...(await enginesHere()),
    gpu: await gpuFacts(),
    images: await decodingObstacle(),
    workspace: destination(foldersOf(folder).store),
    cache: cache === undefined ? null : destination(cache),
    terminal: {
      columns: process.stdout.isTTY ? process.stdout.columns : null,
      color: process.stdout.isTTY && !process.env['NO_COLOR'],
    },
  };
}
