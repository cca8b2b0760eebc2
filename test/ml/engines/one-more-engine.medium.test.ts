import { afterEach, describe, expect, it, vi } from 'vitest';
import { mlCatalogue } from '../../../src/ml/catalogue.ts';
import { measure } from '../../../src/ml/bench/measure.ts';
import { engines, type EngineName } from '../../../src/ml/engines/registry.ts';
import { disposeEngines, sharedEngine } from '../../../src/ml/inference/shared-engine.ts';
import { kinds } from '../../../src/stages/registry.ts';
import { parameterSchema } from '../../../src/stages/schema.ts';

// One line in the registry, before all others, and the folder ./toy: nothing else is told of it.
vi.mock(import('../../../src/ml/engines/registry.ts'), async (original) => {
  const { engines: usual } = await original();
  const toy = { summary: 'a toy', create: async () => (await import('./toy/create.ts')).createToy() };
  return { engines: { toy, ...usual } as typeof usual };
});

const TOY = 'toy' as EngineName;

afterEach(async () => {
  vi.unstubAllEnvs();
  await disposeEngines();
});

describe('an engine that is added', () => {
  it('is in the catalogue, and a value of engine in every kind that has it', () => {
    const catalogue = mlCatalogue();
    expect(Object.keys(catalogue['engines'] ?? {})).toEqual([
      'toy',
      'native',
      'wasm',
      'pytorch',
      'tensorflow',
      'reference',
    ]);
    const values = Object.values(kinds).flatMap((kind) => {
      const { properties } = parameterSchema(kind, catalogue) as { properties: Record<string, { enum?: unknown }> };
      return properties['engine'] ? [properties['engine'].enum] : [];
    });
    expect(values).toHaveLength(4);
    for (const value of values) expect(value).toEqual(['auto', ...Object.keys(engines)]);
  });

  it('runs stages under its name, and as auto where it stands first', async () => {
    const engine = await sharedEngine(TOY);
    expect(engine.name).toBe('toy');
    expect(await sharedEngine('auto')).toBe(engine);
  });

  it('makes room for the next one where the machine cannot run it, and says why when it is named', async () => {
    vi.stubEnv('TOY_ENGINE', 'off');
    vi.stubEnv('KDPIPE_NATIVE', 'off');
    expect((await sharedEngine('auto')).name).toBe('wasm');
    await expect(sharedEngine(TOY)).rejects.toThrow('the toy engine cannot run here: TOY_ENGINE is off');
  });

  it('is measured as any other', async () => {
    const measured = await measure({ model: 'convnet4', engine: TOY, threads: 1, batch: 2, side: 8, seconds: 0.001 });
    expect(measured).toMatchObject({ engine: 'toy', description: { precision: 'float64' } });
  });
});
