import { afterEach, describe, expect, it, vi } from 'vitest';
import { createEngine, pickEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine, EngineEntry, EngineResult } from '../../../src/ml/engines/engine.ts';
import { engines } from '../../../src/ml/engines/registry.ts';

const loaded: string[] = [];
vi.mock(import('../../../src/ml/engines/wasm/create.ts'), async (original) => {
  loaded.push('wasm');
  return original();
});
vi.mock(import('../../../src/ml/engines/native/create.ts'), async (original) => {
  loaded.push('native');
  return original();
});
vi.mock(import('../../../src/ml/engines/reference/create.ts'), async (original) => {
  loaded.push('reference');
  return original();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

const engineCalled = async (name: string): Promise<Engine> => {
  const engine = await createEngine('reference', { threads: 1 });
  return { ...engine, name };
};

/** A registry of engines that are there (true) or not; what was tried is noted in `tried`. */
function registryOf(present: Readonly<Record<string, boolean>>, slow: readonly string[] = []) {
  const tried: string[] = [];
  const registry = Object.fromEntries(
    Object.entries(present).map(([name, isThere]): [string, EngineEntry] => [
      name,
      {
        summary: name,
        onlyByName: slow.includes(name),
        create: async () => {
          tried.push(name);
          return isThere ? { engine: await engineCalled(name) } : { unavailable: `no ${name} here` };
        },
      },
    ]),
  );
  const create = (name: string): Promise<EngineResult> => registry[name]!.create({ threads: 1 });
  return { registry, create, tried };
}

describe('the registry of engines', () => {
  it('loads an engine when it is made, not when it is listed', async () => {
    expect(Object.values(engines).every(({ summary }) => summary.length > 0)).toBe(true);
    expect(loaded).toEqual([]);
    await (await createEngine('reference', { threads: 1 })).dispose();
    expect(loaded).toEqual(['reference']);
    vi.stubEnv('KDPIPE_NATIVE', 'off');
    await (await createEngine('auto', { threads: 1 })).dispose();
    expect(loaded).toEqual(['reference', 'native', 'wasm']);
  });
});

describe('auto', () => {
  it.each<[Record<string, boolean>, string, string[]]>([
    [{ a: true, b: true }, 'a', ['a']],
    [{ a: false, b: true, c: true }, 'b', ['a', 'b']],
    [{ slow: true, a: true }, 'a', ['a']],
  ])('picks the first that runs here, the slow one left out: %j → %s', async (present, picked, expected) => {
    const { registry, create, tried } = registryOf(present, ['slow']);
    expect((await pickEngine('auto', registry, create)).name).toBe(picked);
    expect(tried).toEqual(expected);
  });

  it('fails with all reasons where none runs', async () => {
    const { registry, create } = registryOf({ a: false, b: false, slow: true }, ['slow']);
    await expect(pickEngine('auto', registry, create)).rejects.toMatchObject({
      failures: [
        {
          code: 'engine-unavailable',
          message: 'no engine can run here; a: no a here; b: no b here',
          fix: 'engine: slow',
        },
      ],
    });
  });
});

describe('an engine asked for by name', () => {
  it('is made though auto would pick another', async () => {
    const { registry, create, tried } = registryOf({ a: true, slow: true }, ['slow']);
    expect((await pickEngine<string>('slow', registry, create)).name).toBe('slow');
    expect(tried).toEqual(['slow']);
  });

  it('fails with its reason where it cannot run, and never becomes another', async () => {
    const { registry, create, tried } = registryOf({ a: true, b: false });
    await expect(pickEngine<string>('b', registry, create)).rejects.toMatchObject({
      failures: [
        { code: 'engine-unavailable', message: 'the b engine cannot run here: no b here', fix: 'engine: auto' },
      ],
    });
    expect(tried).toEqual(['b']);
  });
});

describe('the wasm engine', () => {
  it('says why where Node has no WebAssembly', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    await expect(createEngine('wasm', { threads: 1 })).rejects.toThrow(
      'the wasm engine cannot run here: this Node has no WebAssembly (it was started with --jitless?)',
    );
  });

  it('says why where the processor has no SIMD', async () => {
    vi.stubGlobal('WebAssembly', { validate: () => false });
    await expect(createEngine('wasm', { threads: 1 })).rejects.toThrow("this processor lacks WebAssembly's SIMD");
  });
});
