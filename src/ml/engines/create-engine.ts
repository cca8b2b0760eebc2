import { fail, type Failure } from '../../core/failure.ts';
import { hasGpuSigns } from '../../util/gpu-signs.ts';
import type { Engine, EngineEntry, EngineOptions, EngineResult } from './engine.ts';
import { obstacleOn } from './self-test/proof.ts';
import { engines, type EngineChoice } from './registry.ts';

/** An engine, and what is to be told of the choice. */
export interface Picked {
  readonly engine: Engine;
  /** In a line why `auto` took it; null where it was asked for by name. */
  readonly why: string | null;
  /** Whether there are signs of a GPU, and it computes elsewhere. */
  readonly missesGpu: boolean;
}

/** What is looked at, and done, while `auto` picks. */
export interface Picking<Name extends string> {
  /** Makes an engine, or finds one that is there already. */
  readonly create: (name: Name) => Promise<EngineResult>;
  /** Lets go of one that was made and is not taken. */
  readonly discard?: (name: Name, engine: Engine) => Promise<void>;
  /** Whether a GPU may be here: no engine for GPUs is made where there is no sign of one. */
  readonly hasGpu?: boolean;
  /** What an engine that computes with a library from elsewhere gets wrong, a half sentence. */
  readonly prove?: (name: Name, engine: Engine) => Promise<string | undefined>;
}

/**
 * What is said where an engine that was asked for by name cannot run.
 *
 * @param name - its name
 * @param reason - a half sentence
 * @returns the failure
 */
export const unavailableEngine = (name: string, reason: string): Failure => ({
  code: 'engine-unavailable',
  message: `the ${name} engine cannot run here: ${reason}`,
  expected: 'an engine that this machine can run',
  fix: 'engine: auto',
});

/** Makes an engine that has proven itself, if it is one that has to; else says why not. */
async function proven<Name extends string>(
  name: Name,
  { onGpu }: EngineEntry,
  { create, discard = (_, engine) => engine.dispose(), prove = obstacleOn }: Picking<Name>,
  isWanted: (engine: Engine) => boolean = () => true,
): Promise<EngineResult> {
  const result = await create(name);
  if ('unavailable' in result || !onGpu) return result;
  const { engine } = result;
  const unavailable = isWanted(engine) ? await prove(name, engine) : 'it finds no GPU that it can use';
  if (unavailable === undefined) return result;
  await discard(name, engine);
  return { unavailable };
}

/**
 * Picks the engine that is asked for.
 *
 * @param asked - a name of the registry, or `auto`: the first that has proven itself on a GPU, else the first one that runs here,
 *   those for `onlyByName` left out. What computes with a library from elsewhere has to prove itself, asked for by name too
 * @param registry - all engines, the best first
 * @param picking - makes engines
 * @returns the engine
 * @throws FailureError `engine-unavailable` with the reasons, when this machine cannot run it
 */
export async function pickEngine<Name extends string>(
  asked: 'auto' | Name,
  registry: Readonly<Record<Name, EngineEntry>>,
  picking: Picking<Name>,
): Promise<Picked> {
  const { create, hasGpu = hasGpuSigns() } = picking;
  if (asked !== 'auto') {
    const result = await proven(asked, registry[asked], picking);
    const engine = 'engine' in result ? result.engine : fail(unavailableEngine(asked, result.unavailable));
    return { engine, why: null, missesGpu: false };
  }
  const entries = Object.entries(registry) as [Name, EngineEntry][];
  const reasons: string[] = [];
  const forGpus = entries.filter(([, entry]) => entry.onGpu !== undefined);
  for (const [name, entry] of hasGpu ? forGpus : []) {
    const result = await proven(name, entry, picking, entry.onGpu);
    if ('engine' in result) return { engine: result.engine, why: `${name}, on a GPU`, missesGpu: false };
    reasons.push(`${name}: ${result.unavailable}`);
  }
  if (!hasGpu && forGpus.length > 0) reasons.push('no sign of a GPU');
  for (const [name] of entries.filter(([, entry]) => !entry.onlyByName)) {
    const result = await create(name);
    if ('engine' in result)
      return { engine: result.engine, why: [name, ...reasons].join('; '), missesGpu: hasGpu && forGpus.length > 0 };
    reasons.push(`${name}: ${result.unavailable}`);
  }
  const slow = entries.filter(([, entry]) => entry.onlyByName).map(([name]) => `engine: ${name}`);
  return fail({
    code: 'engine-unavailable',
    message: `no engine can run here; ${reasons.join('; ')}`,
    expected: 'an engine that this machine can run',
    fix: slow.join(', or '),
  });
}

/**
 * Makes an engine of one's own.
 *
 * @param asked - its name, or `auto`
 * @param options - threads, memory
 * @returns the engine; the caller disposes it
 * @throws FailureError `engine-unavailable` when this machine cannot run it
 */
export async function createEngine(asked: EngineChoice, options: EngineOptions): Promise<Engine> {
  return (await pickEngine(asked, engines, { create: (name) => engines[name].create(options) })).engine;
}
