import { availableParallelism } from 'node:os';
import type { MeasureOptions } from '../../ml/bench/measure.ts';
import type { Speeds } from './proposal.ts';

/** Seconds that each speed is measured at least: enough to tell minutes from hours. */
const seconds = 0.2;

/**
 * Measures how fast networks train here, with a few steps of each.
 *
 * @param models - registered names
 * @param side - of their input, in pixels
 * @returns images a second; empty where a network cannot be built for such images
 */
export async function measureSpeeds(models: Iterable<string>, side: number): Promise<Speeds> {
  const { measure } = await import('../../ml/bench/measure.ts');
  const batch = side <= 64 ? 32 : 2;
  const speeds = new Map<string, Awaited<ReturnType<typeof measure>>>();
  try {
    for (const name of new Set(models)) {
      const model = name as MeasureOptions['model'];
      speeds.set(name, await measure({ model, engine: 'auto', threads: availableParallelism(), batch, side, seconds }));
    }
    return speeds;
  } catch {
    // The plan says what is wrong with a network and its images; here it is only about time.
    return new Map();
  }
}
