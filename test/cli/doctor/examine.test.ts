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
  gpu: {
    signs: false,
    torchObstacle: null,
    tensorflow: { unavailable: 'it is not installed' },
    costs: { cpu: { download: GIBIBYTE / 4, disk: GIBIBYTE }, cuda: { download: 3 * GIBIBYTE, disk: 5 * GIBIBYTE } },
  },
  images: null,
  workspace: { path: '/work/runs/.store', obstacle: null, free: 90 * GIBIBYTE },
  cache: { path: '/home/me/.cache/kdpipe', obstacle: null, free: GIBIBYTE },
  fileSystem: { type: 'ext4', isShared: false },
  disk: { written: GIBIBYTE, commit: 0.002, ahead: 0 },
  clock: { now: Date.UTC(2026, 0, 2), latestRun: Date.UTC(2026, 0, 1) },
  sharedMemory: GIBIBYTE,
  slurm: null,
  onnxRuntime: { unavailable: 'onnxruntime-node is not installed' },
  git: 'git version 2.39.5',
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
      'gpu: no sign of one',
      'tensorflow: it is not installed: 256 MiB to download, 1.0 GiB on disk; --gpu: 3.0 GiB to download, 5.0 GiB on disk; it is for GPUs of NVIDIA, on processors native code is faster',
      'images: can be decoded',
      'workspace: /work/runs/.store, 90.0 GiB free',
      'file system: ext4, of /work/runs/.store',
      'disk: 1.0 GiB/s written, 2.0 ms until a result is stored',
      'clock: 2026-01-02T00:00:00.000Z',
      'slurm: not here: only --executor slurm needs it',
      'onnx runtime: onnxruntime-node is not installed: some 300 MB; without it exported ONNX files are not compared, and no ONNX file can be a teacher',
      'git: git version 2.39.5',
      'cache: /home/me/.cache/kdpipe',
      'terminal: 80 columns, colours',
    ]);
  });

  it('tells what computes on a GPU, or what would', () => {
    const torch = { ...engine, onlyByName: true, description: { device: 'NVIDIA H200' } };
    const gpu = { ...sound.gpu, signs: true, torchObstacle: 'The NVIDIA driver on your system is too old' };
    const of = (facts: Partial<Facts>) => examine({ ...sound, ...facts }).find(({ subject }) => subject === 'gpu');
    const used = { native: { ...native, auto: false }, pytorch: { ...torch, auto: true } };
    expect(of({ gpu, engines: used })).toMatchObject({ level: 'ok', text: 'auto computes on it by pytorch' });
    expect(of({ gpu })).toMatchObject({
      level: 'note',
      text: expect.stringMatching(/no engine computes on the GPU; PyTorch: The NVIDIA driver .* too old$/) as string,
      fix: expect.stringMatching(/--gpu \(NVIDIA; 3.0 GiB to download, 5.0 GiB on disk\)/) as string,
    });
  });

  it('names the TensorFlow that is installed', () => {
    const tensorflow = { module: '/cache/tfjs_binding.node', version: '2.21.0', gpu: true };
    const found = examine({ ...sound, gpu: { ...sound.gpu, tensorflow } }).find(
      ({ subject }) => subject === 'tensorflow',
    );
    expect(found).toMatchObject({ level: 'ok', text: '2.21.0 with CUDA, /cache/tfjs_binding.node' });
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
      {
        ...{ subject: 'engine native', level: 'note', text: 'cannot run here: this processor lacks AVX2 and FMA' },
        cost: 'wasm computes the same bits in about twice the time',
      },
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
      expect.objectContaining({
        subject: expect.any(String),
        level,
        text: expect.any(String),
        fix: expect.stringMatching(fix),
      }),
    ]);
  });
});

describe('examine, of what is around', () => {
  const pytorch = { ...engine, onlyByName: true, description: { device: 'cpu' } };
  const slurm = { version: 'slurm 22.05.8', partitions: ['all (up)'], said: '' };
  const [silent, none] = [
    { ...slurm, partitions: null, said: 'Unable to contact' },
    { ...slurm, partitions: [] },
  ];
  it.each<[string, Partial<Facts>, RegExp, RegExp]>([
    [
      'a shared file system',
      { fileSystem: { type: 'nfs4', isShared: true } },
      /nfs4.*other machines/,
      /over the network/,
    ],
    ['one in memory', { fileSystem: { type: 'tmpfs', isShared: false } }, /^tmpfs/, /switched off/],
    ['one of a container', { fileSystem: { type: 'overlay', isShared: false } }, /^overlay/, /with its container/],
    [
      'a slow disk',
      { disk: { written: 2 ** 20, commit: 0.002, ahead: 0 } },
      /1\.0 MiB\/s/,
      /10 GB of decoded pictures 2 h 39 min/,
    ],
    [
      'slow flushes',
      { disk: { written: GIBIBYTE, commit: 0.4, ahead: 0 } },
      /400\.0 ms/,
      /1,000 cells wait 6 min 40 s/,
    ],
    [
      'a file server ahead',
      { disk: { written: GIBIBYTE, commit: 0, ahead: 90 } },
      /1 min 30 s ahead/,
      /results are not touched/,
    ],
    ['one behind', { disk: { written: GIBIBYTE, commit: 0, ahead: -9 } }, /9\.0 s behind/, /read more often/],
    [
      'a clock set back',
      { clock: { now: 0, latestRun: 3_600_000 } },
      /1 h 00 min before the latest run/,
      /not the last one/,
    ],
    ['little shared memory', { engines: { native, pytorch }, sharedMemory: 64 * 2 ** 20 }, /^64/, /112 ms/],
    ['none of it', { engines: { native, pytorch }, sharedMemory: null }, /no \/dev\/shm/, /through a pipe/],
    ['a silent controller', { slurm: silent }, /does not answer: Unable to contact$/, /submits nothing/],
    ['no partitions', { slurm: none }, /shows no partition/, /submits nothing/],
    ['no git', { git: null }, /not here/, /at which commit/],
  ])('says what %s costs, and how to mend it', (_, facts, text, cost) => {
    expect(odd(facts)).toEqual([
      {
        subject: expect.any(String),
        level: 'note',
        text: expect.stringMatching(text),
        cost: expect.stringMatching(cost),
        fix: expect.any(String),
      },
    ]);
  });

  it('names what is there, and nothing of a disk that cannot be written or a system that lists no mounts', () => {
    expect(
      odd({ slurm, onnxRuntime: { version: '1.20.0' }, fileSystem: null, disk: null, engines: { native, pytorch } }),
    ).toEqual([]);
    const found = examine({ ...sound, slurm }).find(({ subject }) => subject === 'slurm');
    expect(found?.text).toBe('slurm 22.05.8, partitions all (up)');
  });
});
