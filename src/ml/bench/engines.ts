import { hasGpuSigns } from '../../util/gpu-signs.ts';
import type { Picking } from '../engines/create-engine.ts';
import type { Engine, EngineEntry } from '../engines/engine.ts';
import { obstacleOn } from '../engines/self-test/proof.ts';
import { engines } from '../engines/registry.ts';

/** What becomes of an engine on this machine. */
export interface EngineState {
  readonly summary: string;
  /** Whether it is what `engine: auto` takes. */
  readonly auto: boolean;
  /** Whether it is used only where it is named. */
  readonly onlyByName: boolean;
  /** Why it cannot run here: a half sentence that may follow a colon; null where it can. */
  readonly unavailable: string | null;
  /** What it says of itself: threads, kernels; empty where it cannot run. */
  readonly description: Engine['description'];
  /** What `amp: true` rounds operands of products to; null where it trains in float32. */
  readonly halfPrecision: Engine['halfPrecision'];
}

/** What is looked at while engines are tried. */
export interface Trying extends Pick<Picking<string>, 'hasGpu' | 'prove'> {
  /** All engines, the best first. */
  readonly registry?: Readonly<Record<string, EngineEntry>>;
}

/** Makes an engine, looks at it, and lets go of it; `leads` where `auto` would take it before those that need no GPU. */
async function tryEngine(
  name: string,
  entry: EngineEntry,
  { threads, hasGpu, prove }: Required<Omit<Trying, 'registry'>> & { readonly threads: number },
): Promise<{ readonly state: EngineState; readonly leads: boolean }> {
  const { summary, onlyByName = false, onGpu } = entry;
  const common = { summary, auto: false, onlyByName };
  const without = (unavailable: string): EngineState => ({
    ...common,
    ...{ unavailable, description: {}, halfPrecision: null },
  });
  const result = await entry.create({ threads });
  if ('unavailable' in result) return { state: without(result.unavailable), leads: false };
  const { engine } = result;
  const obstacle = onGpu && (await prove(name, engine));
  const leads = hasGpu && onGpu?.(engine) === true;
  const { description, halfPrecision } = engine;
  await engine.dispose();
  if (obstacle !== undefined) return { state: without(obstacle), leads: false };
  return { state: { ...common, unavailable: null, description, halfPrecision }, leads };
}

/**
 * Tries every engine: each is made as a stage would make it, and let go of.
 *
 * @param threads - largest team, at least 1
 * @param trying - all engines, signs of a GPU, and what proves an engine on it
 * @returns what becomes of each, in the order of the registry
 * @throws FailureError `bad-environment` when a KDPIPE_ variable that an engine reads is wrong
 */
export async function engineStates(
  threads: number,
  trying: Trying = {},
): Promise<Readonly<Record<string, EngineState>>> {
  const { registry = engines, hasGpu = hasGpuSigns(), prove = obstacleOn } = trying;
  const tried: (Awaited<ReturnType<typeof tryEngine>> & { readonly name: string })[] = [];
  for (const [name, entry] of Object.entries<EngineEntry>(registry))
    tried.push({ name, ...(await tryEngine(name, entry, { threads, hasGpu, prove })) });
  const picked =
    tried.find(({ leads }) => leads) ??
    tried.find(({ state: { unavailable, onlyByName } }) => unavailable === null && !onlyByName);
  return Object.fromEntries(tried.map((one) => [one.name, { ...one.state, auto: one === picked }]));
}
