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
    expect((await pickEngine<string>('auto', registry, { create })).engine.name).toBe(picked);
    expect(tried).toEqual(expected);
  });

  it('fails with all reasons where none runs', async () => {
    const { registry, create } = registryOf({ a: false, b: false, slow: true }, ['slow']);
    await expect(pickEngine<string>('auto', registry, { create })).rejects.toMatchObject({
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

describe('auto where there may be a GPU', () => {
  /** `torch` and `flow` compute on a GPU if they are there and said to; what was let go of is noted. */
  function picking({ there, onGpu, wrong }: Record<'there' | 'onGpu' | 'wrong', readonly string[]>) {
    const names = ['native', 'torch', 'flow'];
    const {
      registry: plain,
      create,
      tried,
    } = registryOf(Object.fromEntries(names.map((name) => [name, there.includes(name)])), ['torch', 'flow']);
    const isOnGpu = ({ name }: Engine): boolean => onGpu.includes(name);
    const registry = Object.fromEntries(
      Object.entries(plain).map(([name, entry]) => [name, name === 'native' ? entry : { ...entry, onGpu: isOnGpu }]),
    );
    const discarded: string[] = [];
    const discard = (name: string) => Promise.resolve(void discarded.push(name));
    const prove = (name: string) => Promise.resolve(wrong.includes(name) ? 'it computes nonsense' : undefined);
    const pick = async (hasGpu: boolean) => {
      const { engine, ...told } = await pickEngine('auto', registry, { create, discard, hasGpu, prove });
      return { name: engine.name, ...told };
    };
    return { pick, tried, discarded };
  }
  const all = ['native', 'torch', 'flow'];

  it('takes the first that computes right on it', async () => {
    const { pick, tried, discarded } = picking({ there: all, onGpu: ['torch', 'flow'], wrong: [] });
    expect(await pick(true)).toEqual({ name: 'torch', why: 'torch, on a GPU', missesGpu: false });
    expect({ tried, discarded }).toEqual({ tried: ['torch'], discarded: [] });
  });

  it('goes on to the next where one finds no GPU, or gets it wrong', async () => {
    const { pick, discarded } = picking({ there: all, onGpu: ['flow'], wrong: [] });
    expect((await pick(true)).name).toBe('flow');
    expect(discarded).toEqual(['torch']);
    const sick = picking({ there: all, onGpu: ['torch', 'flow'], wrong: ['torch'] });
    expect((await sick.pick(true)).name).toBe('flow');
  });

  it('takes the processor where none does, and says why', async () => {
    const { pick, discarded } = picking({ there: ['native', 'flow'], onGpu: ['flow'], wrong: ['flow'] });
    expect(await pick(true)).toEqual({
      name: 'native',
      why: 'native; torch: no torch here; flow: it computes nonsense',
      missesGpu: true,
    });
    expect(discarded).toEqual(['flow']);
  });

  it('makes none of them where there is no sign of a GPU', async () => {
    const { pick, tried } = picking({ there: all, onGpu: all, wrong: [] });
    expect(await pick(false)).toEqual({ name: 'native', why: 'native; no sign of a GPU', missesGpu: false });
    expect(tried).toEqual(['native']);
  });
});

describe('an engine asked for by name', () => {
  it('is made though auto would pick another', async () => {
    const { registry, create, tried } = registryOf({ a: true, slow: true }, ['slow']);
    expect((await pickEngine<string>('slow', registry, { create })).engine.name).toBe('slow');
    expect(tried).toEqual(['slow']);
  });

  it('fails with its reason where it cannot run, and never becomes another', async () => {
    const { registry, create, tried } = registryOf({ a: true, b: false });
    await expect(pickEngine<string>('b', registry, { create })).rejects.toMatchObject({
      failures: [
        { code: 'engine-unavailable', message: 'the b engine cannot run here: no b here', fix: 'engine: auto' },
      ],
    });
    expect(tried).toEqual(['b']);
  });

  it.each([
    ['of a library from elsewhere, proves itself', undefined, 'torch'],
    ['that computes nonsense, is refused and let go of', 'it failed its self-test', null],
  ])('%s', async (_, wrong, picked) => {
    const { registry: plain, create } = registryOf({ torch: true }, ['torch']);
    const registry = { torch: { ...plain['torch']!, onGpu: () => false } };
    const proven: string[] = [];
    const discarded: string[] = [];
    const prove = (name: string) => Promise.resolve((proven.push(name), wrong));
    const discard = (name: string) => Promise.resolve(void discarded.push(name));
    const picking = pickEngine('torch', registry, { create, prove, discard });
    if (picked === null)
      await expect(picking).rejects.toThrow('the torch engine cannot run here: it failed its self-test');
    else expect((await picking).engine.name).toBe(picked);
    expect({ proven, discarded }).toEqual({ proven: ['torch'], discarded: picked === null ? ['torch'] : [] });
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
