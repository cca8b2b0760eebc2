import { join } from 'node:path';
import { cacheFolder } from '../../../util/verdicts.ts';

/** TensorFlow's version: its wheels, the sources of the module and their checksums belong together. */
export const TENSORFLOW = '2.21.0';

/** What it computes on: a processor alone, or a GPU of NVIDIA too. */
export type Variant = 'cpu' | 'cuda';

/** A file of a package registry. */
export interface Published {
  /** As pip or npm name it. */
  readonly package: string;
  readonly version: string;
  /** SHA-256 of each file that does: a wheel's libraries are those of every Python. The first one is downloaded. */
  readonly sha256: readonly [string, ...(readonly string[])];
  /** Bytes of the file, and of what is unpacked of it. */
  readonly size: number;
  readonly unpacked: number;
}

/** Two C++ files that make TensorFlow's C API a module of Node, and Node-API's headers: a Node need not come with its own. */
export const SOURCES = {
  module: {
    package: '@tensorflow/tfjs-node',
    version: '4.22.0',
    sha256: ['d38a448a705efc6e655a080f896b3af646ae39dffbfe9c90b06cb9fc3a2b9358'],
    size: 228_166,
    unpacked: 1_200_000,
  },
  headers: {
    package: 'node-api-headers',
    version: '1.9.0',
    sha256: ['6cbfac49542194ae2c8f1dee5fa2dc00d66bec9cbf3b59e3a4e5f16d14eb0d19'],
    size: 16_974,
    unpacked: 200_000,
  },
} as const satisfies Readonly<Record<string, Published>>;

/** Libraries of CUDA that the wheel of TensorFlow 2.21 names, as versions that satisfy it. */
const NVIDIA: readonly Published[] = (
  [
    ['cublas', '12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72', 581, 856],
    ['cuda-cupti', '12.8.90', 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182', 10, 42],
    ['cuda-nvcc', '12.9.86', '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0', 41, 99],
    ['cuda-nvrtc', '12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4', 90, 227],
    ['cuda-runtime', '12.9.79', '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3', 3, 10],
    ['cudnn', '9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375', 717, 1164],
    ['cufft', '11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28', 201, 294],
    ['curand', '10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e', 68, 169],
    ['cusolver', '11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88', 338, 495],
    ['cusparse', '12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78', 366, 487],
    ['nccl', '2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c', 352, 491],
    ['nvjitlink', '12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9', 40, 96],
  ] as const
).map(([name, version, sha256, megabytes, unpacked]) => ({
  ...{ package: `nvidia-${name}-cu12`, version, sha256: [sha256] as const },
  ...{ size: megabytes * 1e6, unpacked: unpacked * 1e6 },
}));

/** Wheels of Linux on x64, TensorFlow's own first. */
export const WHEELS: Readonly<Record<Variant, readonly [Published, ...(readonly Published[])]>> = {
  cpu: [
    {
      package: 'tensorflow-cpu',
      version: TENSORFLOW,
      sha256: [
        'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb', // Python 3.12
        'd143e92f5c0661cdfa26eaca8f73cd2efd0ec53a68af8dec82f584ba8eb14b83', // 3.10
        '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c', // 3.11
        '05af7c26d35f4de910b5598c7b507e3981831a7b0f47fed9a405d995d51d7793', // 3.13
      ],
      size: 274_000_871,
      unpacked: 885_000_000,
    },
  ],
  cuda: [
    {
      package: 'tensorflow',
      version: TENSORFLOW,
      sha256: [
        'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0', // Python 3.12
        '77c6f298e695ea1d283cdd7d30f8d97530cc6e92c1395a9ddbab9771c99233a4', // 3.10
        '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124', // 3.11
        'e9d8da8dcab9650efb45f032ba70af2f016f907e6e0c6bda29dd101bba945406', // 3.13
      ],
      size: 572_611_111,
      unpacked: 1_290_000_000,
    },
    ...NVIDIA,
  ],
};

const sum = (files: readonly Published[], of: 'size' | 'unpacked'): number =>
  files.reduce((bytes, file) => bytes + file[of], 0);

/**
 * What an installation costs.
 *
 * @param variant - of it
 * @returns bytes that are downloaded, and that it takes once it is there
 */
export function costOf(variant: Variant): { readonly download: number; readonly disk: number } {
  return {
    download: sum([...WHEELS[variant], ...Object.values(SOURCES)], 'size'),
    disk: sum(WHEELS[variant], 'unpacked'),
  };
}

/**
 * Where installations lie.
 *
 * @returns absolute path, which need not be there; undefined for a user without a home
 */
export function installationsFolder(): string | undefined {
  const cache = cacheFolder();
  return cache === undefined ? undefined : join(cache, 'engines');
}

/**
 * The folder of an installation in {@link installationsFolder}.
 *
 * @param variant - what it computes on
 * @returns its name
 */
export const folderName = (variant: Variant): string => `tensorflow-${TENSORFLOW}-${variant}`;
