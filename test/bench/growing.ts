import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { uniforms } from '../../src/ml/random/random.ts';
import { namesIfReadable, textIfReadable } from '../../src/util/if-readable.ts';

const KDPIPE = resolve('dist/cli/main.js');
const IMAGES = 1_000_000;
const CLASSES = 1000;
const BATCH = 256;
const BATCHES = 2000;
const SIDE = 32;
/** Pictures that are drawn; all others are these with another table of quantisation. */
const DRAWN = 1000;
const [HEIGHT, WIDTH] = [40, 48];
/** Milliseconds between two looks at the memory. */
const CADENCE = 100;

const PIPELINE = `name: growing
stages:
  photos:
    uses: dataset
    with: { source: image-folder, root: photos, image_size: ${SIDE}, keep: encoded, split: { val: 0.05, test: 0, seed: 0 } }
`;

/** A small JPEG: four fields with grain. */
async function drawn(index: number): Promise<Buffer> {
  const uniform = uniforms(0, 'init', 0, index);
  const colours = Array.from({ length: 12 }, () => 40 + 150 * uniform());
  const pixels = Uint8Array.from({ length: HEIGHT * WIDTH * 3 }, (_, at) => {
    const [y, x, channel] = [Math.floor(at / 3 / WIDTH), Math.floor(at / 3) % WIDTH, at % 3];
    return (colours[3 * (2 * Number(2 * y >= HEIGHT) + Number(2 * x >= WIDTH)) + channel] ?? 0) + 20 * uniform();
  });
  const raw = { height: HEIGHT, width: WIDTH, channels: 3 } as const;
  return sharp(pixels, { raw }).jpeg({ quality: 90 }).toBuffer();
}

/** The same file with other steps of quantisation, so that its pixels are others: the first two of the first table. */
function requantised(file: Buffer, variant: number): Buffer {
  const table = file.indexOf(Buffer.from([0xff, 0xdb])) + 5;
  const other = Buffer.from(file);
  other[table] = 2 + (variant % 32);
  other[table + 1] = 2 + Math.floor(variant / 32);
  return other;
}

async function writePhotos(folder: string, images: number): Promise<number> {
  const patterns = await Promise.all(Array.from({ length: DRAWN }, (_, index) => drawn(index)));
  let bytes = 0;
  for (let index = 0; index < images; index++) {
    const name = `n${String(10_000_000 + (index % CLASSES))}`;
    if (index < CLASSES) mkdirSync(join(folder, name), { recursive: true });
    // Each class has all drawn pictures in turn.
    const turn = Math.floor(index / CLASSES);
    const file = requantised(patterns[(index + turn) % DRAWN] ?? Buffer.alloc(0), turn % 1024);
    bytes += file.length;
    const path = join(folder, `${name}/${name}_${String(index).padStart(7, '0')}.JPEG`);
    if (!existsSync(path)) writeFileSync(path, file);
  }
  return bytes;
}

/** Processes that one has started, itself among them. */
function familyOf(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of namesIfReadable('/proc')) {
    const parent = /^\d+ \(.*\) . (\d+)/s.exec(textIfReadable(`/proc/${name}/stat`, 'latin1'))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isOf = (pid: number | undefined): boolean => pid !== undefined && (pid === root || isOf(parents.get(pid)));
  return [...parents.keys()].filter((pid) => isOf(pid));
}

/** MiB that a process holds; 0 for one that has ended. */
const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(textIfReadable(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;

/** What a command and all that it starts took. */
interface Taken {
  readonly seconds: number;
  /** Largest sum of what all hold at one time, and most that one holds, MiB. */
  readonly all: number;
  readonly one: number;
  /** What it printed. */
  readonly text: string;
}

async function watched(argv: readonly string[], folder: string): Promise<Taken> {
  const started = performance.now();
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => (text += String(bytes)));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let [all, one] = [0, 0];
  const timer = setInterval(() => {
    const held = familyOf(child.pid ?? 0).map(residentOf);
    all = Math.max(
      all,
      held.reduce((sum, each) => sum + each, 0),
    );
    one = Math.max(one, ...held);
  }, CADENCE);
  const code = await ended;
  clearInterval(timer);
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${text}`);
  const seconds = (performance.now() - started) / 1000;
  console.error(JSON.stringify({ seconds, all, one, text: text.slice(-200) }));
  return { seconds, all, one, text };
}

/** Where the packed set of the project is. */
async function packedIn(folder: string): Promise<string> {
  const { text } = await watched([KDPIPE, 'show', 'photos', '--json'], folder);
  const found = JSON.parse(text) as Record<string, { readonly paths: { readonly data: string } }>;
  return Object.values(found)[0]?.paths.data ?? '';
}

function row(what: string, { seconds, all, one }: Taken): string {
  return `| ${what} | ${Math.round(one)} | ${Math.round(all)} | ${Math.round(seconds)} |`;
}

/**
 * Memory of a set that grows: what packing and reading it hold at most.
 *
 * @param args - `images=1000000`, `batches=2000`; `folder=PATH` to go on in a folder, which stays there
 * @returns a Markdown section
 */
export async function growing(args: readonly string[]): Promise<string> {
  const given = (name: string): string | undefined =>
    args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const [images, batches] = [Number(given('images') ?? IMAGES), Number(given('batches') ?? BATCHES)];
  const folder = given('folder') ?? mkdtempSync(join(tmpdir(), 'kdpipe-bench-growing-'));
  try {
    const bytes = await writePhotos(join(folder, 'photos'), images);
    writeFileSync(join(folder, 'pipeline.yaml'), PIPELINE);
    const packing = await watched([KDPIPE, 'run', 'pipeline.yaml'], folder);
    const again = await watched([KDPIPE, 'run', 'pipeline.yaml'], folder);
    const reader = fileURLToPath(new URL('growing/read.ts', import.meta.url));
    const packed = await packedIn(folder);
    const reading = await watched(
      ['--import', import.meta.resolve('tsx'), reader, packed, `${BATCH}`, `${batches}`],
      folder,
    );
    return [
      '## A set that grows',
      '',
      `${images} generated JPEGs of ${WIDTH}×${HEIGHT}, ${Math.round(bytes / images)} bytes each, in ${CLASSES} folders: \`keep: encoded\`, S = ${SIDE}. ${DRAWN} are drawn, the others are these with`,
      'other tables of quantisation. Largest resident sets of one process and of all together, every 0.1 s; seconds by the clock.',
      '',
      '| what | largest process (MiB) | all processes (MiB) | seconds |',
      '| :-- | --: | --: | --: |',
      row('`kdpipe run` from nothing: digests, packing', packing),
      row('`kdpipe run` again', again),
      row(`${batches} training batches of ${BATCH}, 2 threads: ${Math.round(Number(reading.text))} images/s`, reading),
    ].join('\n');
  } finally {
    if (given('folder') === undefined) rmSync(folder, { recursive: true });
  }
}
