import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fail } from '../../../../core/failure.ts';
import { WHEELS, type Published, type Variant } from '../release.ts';

/**
 * The SHA-256 of a file.
 *
 * @param path - of the file
 * @returns 64 hexadecimal digits
 */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** How registries begin the name of a file: pip writes `_` for `-`, npm `-` for `@` and `/`. */
function beginningOf({ package: name, version }: Published): string {
  const isNpm = name.startsWith('@') || name === 'node-api-headers';
  return isNpm ? `${name.replace(/^@/, '').replace('/', '-')}-${version}` : `${name.replaceAll('-', '_')}-${version}-`;
}

/**
 * Finds a published file in a folder.
 *
 * @param folder - that holds files under the names that they are published with
 * @param published - the file
 * @returns its path, checked; undefined where it is not there
 * @throws FailureError `wrong-checksum` where another file has its name
 */
export async function fileIn(folder: string, published: Published): Promise<string | undefined> {
  const beginning = beginningOf(published);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const name = names.find((each) => each.startsWith(beginning) && /\.(?:whl|tgz)$/.test(each));
  if (name === undefined) return undefined;
  await requireDigest(join(folder, name), published);
  return join(folder, name);
}

/**
 * Compares a file with what was published.
 *
 * @param path - of the file
 * @param published - what it should be
 * @throws FailureError `wrong-checksum`
 */
export async function requireDigest(path: string, published: Published): Promise<void> {
  const { package: name, version, sha256 } = published;
  const got = await digestOf(path);
  if (sha256.includes(got)) return;
  fail({
    code: 'wrong-checksum',
    message: `${path} is not ${name} ${version} as it was published: its SHA-256 is ${got}`,
    expected: sha256.join(' or '),
    fix: 'remove the file and fetch it anew',
  });
}

/**
 * Checks the wheel that a user names, and tells where further files may lie: beside it.
 *
 * @param wheel - its path
 * @param variant - what is to be installed
 * @returns the folder
 * @throws FailureError `wrong-wheel`, `missing-file`
 */
export async function shelfOf(wheel: string, variant: Variant): Promise<string> {
  if (!existsSync(wheel))
    fail({ code: 'missing-file', message: `${wheel} is missing`, fix: 'name a wheel of TensorFlow after --wheel' });
  const [own] = WHEELS[variant];
  const got = await digestOf(wheel);
  if (own.sha256.includes(got)) return dirname(wheel);
  const other = variant === 'cpu' ? 'cuda' : 'cpu';
  const isOther = WHEELS[other][0].sha256.includes(got);
  return fail({
    code: 'wrong-wheel',
    message: isOther ? `${wheel} is the wheel of ${WHEELS[other][0].package}` : `${wheel} is no wheel that was tried`,
    expected: `${own.package} ${own.version} for Linux on x64, of any Python from 3.10 to 3.13`,
    fix: isOther
      ? `${other === 'cuda' ? 'add' : 'leave out'} --gpu`
      : `pip download --no-deps --only-binary=:all: --platform manylinux_2_27_x86_64 --python-version 3.12 ${own.package}==${own.version}`,
  });
}
