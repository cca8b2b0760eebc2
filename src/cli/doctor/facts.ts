import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { FailureError, type Failure } from '../../core/failure.ts';
import { decodingObstacle } from '../../ml/bench/pictures.ts';
import { engineStates, type EngineState } from '../../ml/bench/engines.ts';
import { gpuFacts, type GpuFacts } from '../../ml/bench/gpu.ts';
import { loadRuntime } from '../../ml/inference/onnx/runtime.ts';
import { foldersOf } from '../../project/folders.ts';
import { pipelinesIn } from '../../project/recent.ts';
import { listRuns, startOf } from '../../record/past-runs.ts';
import { largest } from '../../util/extremes.ts';
import { textIfReadable } from '../../util/if-readable.ts';
import { assetPath } from '../../util/package-root.ts';
import { cacheFolder } from '../../util/verdicts.ts';
import { threadsOption } from '../threads.ts';
import { measureDisk, type DiskFacts } from './disk.ts';
import { fileSystemOf, type FileSystem } from './file-system.ts';
import { gitVersion, slurmFacts, type SlurmFacts } from './programs.ts';

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
  /** Of the workspace; null where the system does not list mounts. */
  readonly fileSystem: FileSystem | null;
  /** Of the workspace; null where nothing can be written. */
  readonly disk: DiskFacts | null;
  /** When this is, and when the latest run here began; milliseconds since the Unix epoch. */
  readonly clock: { readonly now: number; readonly latestRun: number | null };
  /** Bytes that are free in the file system in memory; null where there is none. */
  readonly sharedMemory: number | null;
  /** null without its programs. */
  readonly slurm: SlurmFacts | null;
  readonly onnxRuntime: { readonly version: string } | { readonly unavailable: string };
  /** Its version; null where it is not there. */
  readonly git: string | null;
  readonly terminal: { readonly columns: number | null; readonly color: boolean };
}

/** The nearest folder above a path that is there. */
function nearestFolder(path: string): string {
  let nearest = path;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  return nearest;
}

/** Looks at the nearest folder that is there; makes nothing. */
function destination(path: string): Destination {
  const nearest = nearestFolder(path);
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

/** When the latest run of a workspace began. */
function latestStart(runs: string): number | null {
  const names = pipelinesIn(runs).flatMap((pipeline) => listRuns(runs, pipeline));
  return names.length === 0 ? null : largest(names.map(startOf));
}

function freeIn(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** What is around a workspace. */
async function surroundings(
  folder: string,
): Promise<Pick<Facts, 'fileSystem' | 'disk' | 'clock' | 'sharedMemory' | 'slurm' | 'onnxRuntime' | 'git'>> {
  const { runs, store } = foldersOf(folder);
  const mounts = textIfReadable('/proc/self/mountinfo', 'utf8');
  const nearest = nearestFolder(store);
  return {
    fileSystem: fileSystemOf(mounts, nearest) ?? null,
    disk: measureDisk(nearest),
    clock: { now: Date.now(), latestRun: latestStart(runs) },
    sharedMemory: freeIn('/dev/shm'),
    slurm: await slurmFacts(),
    onnxRuntime: loadRuntime(),
    git: await gitVersion(),
  };
}

/**
 * Looks at this machine; changes nothing but for the kept verdict on native code. A file is written, timed and removed.
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
    ...(await surroundings(folder)),
    terminal: {
      columns: process.stdout.isTTY ? process.stdout.columns : null,
      color: process.stdout.isTTY && !process.env['NO_COLOR'],
    },
  };
}
