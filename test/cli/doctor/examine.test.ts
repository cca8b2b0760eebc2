import { describe, expect, it } from 'vitest';
import { examine } from '../../../src/cli/doctor/examine.ts';
import type { Facts } from '../../../src/cli/doctor/facts.ts';

const GIBIBYTE = 2 ** 30;
const engine = {
  ...{ summary: '', auto: false, onlyByName: false, unavailable: null, description: {} },
  halfPrecision: null,
};
const native = { ...engine, auto: true, description: { kernels: 'avx2', threads: 2 } };
const half = { ...native, description: { kernels: 'avx512', threads: 2 }, halfPrecision: 'bfloat16' } as const;
const reference = { ...engine, onlyByName: true, description: { precision: 'float64', threads: 1 } };
const sound: Facts = {
  node: { version: '22.1.0', wanted: '>=20.19' },
  machine: { cores: 2, processor: 'a processor', memory: 8 * GIBIBYTE, left: 4 * GIBIBYTE },
  environment: [],
  engines: { native, wasm: engine, reference },
  images: null,
  workspace: { path: '/work/runs/.store', obstacle: null, free: 90 * GIBIBYTE },
  cache: { path: '/home/me/.cache/kdpipe', obstacle: null, free: GIBIBYTE },
  terminal: { columns: 80, color: true },
};
/** What is not as it should be, on a machine that is sound but for some facts. */
const odd = (facts: Partial<Facts>) => examine({ ...sound, ...facts }).filter(({ level }) => level !== 'ok');
const place = (change: Partial<Facts['workspace']>) => ({ ...sound.workspace, ...change });

describe('examine', () => {
  it('finds nothing to mend where nothing is wrong', () => {
    expect(odd({})).toEqual([]);
    expect(examine(sound).map(({ subject, text }) => `${subject}: ${text}`)).toEqual([
      'node: 22.1.0',
      'machine: 2 cores (a processor), 8.0 GiB of memory, 4.0 GiB of it free',
      'engine native: what auto takes (avx2, 2 threads, amp in float32)',
      'engine wasm: runs here (amp in float32)',
      'engine reference: runs here, only by name (float64, 1 thread)',
      'images: can be decoded',
      'workspace: /work/runs/.store, 90.0 GiB free',
      'cache: /home/me/.cache/kdpipe',
      'terminal: 80 columns, colours',
    ]);
  });

  it('says where there is half precision', () => {
    const [, , first] = examine({ ...sound, engines: { native: half, wasm: engine, reference } });
    expect(first?.text).toBe('what auto takes (avx512, 2 threads, amp in bfloat16)');
  });

  it.each([
    ['20.19.0', 0],
    ['20.18.9', 1],
    ['18.99.0', 1],
    ['100.0.0', 0],
  ])('of Node %s, where 20.19 is the least, has %i problems', (version, problems) => {
    expect(odd({ node: { version, wanted: '>=20.19' } })).toHaveLength(problems);
  });

  it('notes an engine whose place the next one takes, and why', () => {
    const gone = { ...engine, unavailable: 'this processor lacks AVX2 and FMA' };
    expect(odd({ engines: { native: gone, wasm: { ...engine, auto: true }, reference } })).toEqual([
      { subject: 'engine native', level: 'note', text: 'cannot run here: this processor lacks AVX2 and FMA' },
    ]);
    const levels = odd({ engines: { native: gone, wasm: gone, reference } }).map(({ level }) => level);
    expect(levels).toEqual(['problem', 'problem']);
  });

  it.each<[string, Partial<Facts>, 'note' | 'problem', RegExp]>([
    ['little memory', { machine: { ...sound.machine, left: GIBIBYTE / 2 } }, 'note', /-j 1/],
    ['no decoder', { images: 'no sharp' }, 'problem', /npm ci/],
    ['a read-only workspace', { workspace: place({ obstacle: 'EROFS' }) }, 'problem', /a folder that you may write/],
    ['little space', { workspace: place({ free: GIBIBYTE / 2 }) }, 'note', /kdpipe gc/],
    ['a full disk', { workspace: place({ free: 1000 }) }, 'problem', /kdpipe gc/],
    ['a read-only cache', { cache: place({ obstacle: 'EROFS' }) }, 'note', /XDG_CACHE_HOME/],
    ['no home folder', { cache: null }, 'note', /XDG_CACHE_HOME/],
    [
      'a variable that is wrong',
      { environment: [{ code: 'bad-environment', message: 'X is 1', expected: 'a 2', fix: 'X=2' }], engines: {} },
      'problem',
      /^X=2$/,
    ],
  ])('says how to mend %s', (_, facts, level, fix) => {
    expect(odd(facts)).toEqual([
      { subject: expect.any(String), level, text: expect.any(String), fix: expect.stringMatching(fix) },
    ]);
  });
});
