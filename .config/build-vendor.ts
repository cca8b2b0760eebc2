/**
 * Makes the packages of .config/vendor again: what npm publishes of TensorFlow.js, without the copies that nobody here
 * reads. Needs the npm registry.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { extract } from 'tar';

const PACKAGES = ['@tensorflow/tfjs-core@4.22.0', '@tensorflow/tfjs-backend-cpu@4.22.0'];
const VENDOR = join(import.meta.dirname, 'vendor');

/** Maps, the package's own tests, bundles for browsers and mini programs; the bundle that Node's `require` takes stays. */
const LEFT_OUT = /\.map$|_test\.(d\.ts|js)$|^dist\/tf-[^/]*(?<!\.node)\.js$|^dist\/tf-.*\.d\.ts$|^dist\/miniprogram\//;

/** A source map inside a file: half of it. */
const INLINE_MAP = /^\/\/# sourceMappingURL=data:.*\n?/gm;

const pack = (what: string, destination: string, cwd: string): string =>
  execFileSync('npm', ['pack', what, '--pack-destination', destination, '--ignore-scripts', '--silent'], {
    cwd,
    encoding: 'utf8',
  }).trim();

/** Packs one package without what is left out. */
async function trim(name: string, folder: string): Promise<void> {
  const file = pack(name, folder, folder);
  const here = join(folder, file.replace('.tgz', ''));
  await mkdir(here);
  await extract({ file: join(folder, file), cwd: here, strip: 1 });
  for (const entry of await readdir(here, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    if (LEFT_OUT.test(relative(here, path))) await rm(path);
    else if (path.endsWith('.js')) await writeFile(path, (await readFile(path, 'utf8')).replace(INLINE_MAP, ''));
  }
  const manifest = JSON.parse(await readFile(join(here, 'package.json'), 'utf8')) as Record<string, unknown>;
  for (const key of ['scripts', 'devDependencies', 'jsdelivr', 'unpkg', 'miniprogram'])
    Reflect.deleteProperty(manifest, key);
  await writeFile(join(here, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  pack('.', VENDOR, here);
}

const folder = await mkdtemp(join(tmpdir(), 'kdpipe-vendor-'));
try {
  for (const name of PACKAGES) await trim(name, folder);
} finally {
  await rm(folder, { recursive: true });
}
