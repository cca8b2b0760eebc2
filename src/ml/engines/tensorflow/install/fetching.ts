import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fail } from '../../../../core/failure.ts';
import { bytesIn } from '../../../../util/bytes-in.ts';
import { fileSize } from '../../../../util/file-size.ts';
import type { Published } from '../release.ts';
import { lastWords, runProgram, type ProgramEnd } from '../../../../util/run-program.ts';
import { fileIn } from './shelf.ts';
import type { Say } from './steps.ts';

/** What pip and npm say where no host answers. */
const NO_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|NewConnectionError|ConnectTimeout|ProxyError|name resolution|network (?:is )?unreachable/i;

/** The systems that pip shall take wheels of, whatever Python runs it: libraries are the same for all. */
const TAGS = ['manylinux_2_27_x86_64', 'manylinux2014_x86_64', 'manylinux2010_x86_64'].flatMap((tag) => [
  '--platform',
  tag,
]);

/** Says how much of a file has come while pip writes it. */
async function watched(folder: string, size: number, say: Say, action: () => Promise<ProgramEnd>): Promise<ProgramEnd> {
  const timer = setInterval(() => say(`${fileSize(bytesIn(folder))} of ${fileSize(size)}`), 500);
  try {
    return await action();
  } finally {
    clearInterval(timer);
  }
}

function failFetching(program: string, { package: name, version }: Published, { found, said }: ProgramEnd): never {
  const what = `${name} ${version}`;
  if (!found)
    return fail({ code: 'no-npm', message: `there is no ${program}`, fix: 'install npm, which comes with Node' });
  const unreachable = said.split('\n').find((line) => NO_NETWORK.test(line));
  if (unreachable !== undefined)
    return fail({
      code: 'host-unreachable',
      message: `${program} reaches no registry for ${what}: ${unreachable.trim()}`,
      fix: 'put the files that the README names, fetched elsewhere, into one folder here, and add --wheel FOLDER/tensorflow….whl',
    });
  return fail({
    code: 'not-fetched',
    message: `${program} did not fetch ${what}: ${lastWords(said)}`,
    expected: 'the file as it was published; its SHA-256 is compared',
    fix: `a pip from before 2020 knows no such wheels (python3 -m pip install --upgrade pip); else see what ${program} says, and call this again: it goes on where it was`,
  });
}

/** Where files come from, and where they go. */
export interface Fetching {
  /** Where they go; those that are there already are not fetched again. */
  readonly folder: string;
  /** Folder that may hold them, with which nothing needs a network. */
  readonly shelf: string | undefined;
}

/** The path of a file that need not be fetched. */
async function atHand(wanted: Published, { folder, shelf }: Fetching): Promise<string | undefined> {
  return (shelf === undefined ? undefined : await fileIn(shelf, wanted)) ?? fileIn(folder, wanted);
}

/**
 * Fetches a wheel with pip, unless it is at hand.
 *
 * @param wheel - what
 * @param fetching - from where
 * @param python - whose pip
 * @param say - hears how far it is
 * @returns path of the wheel, whose checksum is right
 * @throws FailureError `host-unreachable`, `not-fetched`, `wrong-checksum`
 */
export async function fetchWheel(wheel: Published, fetching: Fetching, python: string, say: Say): Promise<string> {
  const { folder } = fetching;
  const kept = await atHand(wheel, fetching);
  if (kept !== undefined) return kept;
  // Beside the others: where /tmp is in memory, it holds no such files.
  const temporary = join(folder, 'tmp');
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  const wanted = join(temporary, 'wanted.txt');
  writeFileSync(wanted, `${wheel.package}==${wheel.version} --hash=sha256:${wheel.sha256[0]}\n`);
  const args = ['--no-deps', '--only-binary=:all:', ...TAGS, '--python-version', '3.12', '--require-hashes'];
  const quiet = ['--no-cache-dir', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const ended = await watched(temporary, wheel.size, say, () =>
    runProgram(python, ['-m', 'pip', 'download', ...args, ...quiet, '--dest', folder, '--requirement', wanted], {
      env: { TMPDIR: temporary },
    }),
  );
  rmSync(temporary, { recursive: true, force: true });
  return (ended.status === 0 ? await fileIn(folder, wheel) : undefined) ?? failFetching('pip', wheel, ended);
}

/**
 * Fetches a package with npm, unless it is at hand. Nothing of it is run.
 *
 * @param wanted - what
 * @param fetching - from where
 * @returns path of its archive, whose checksum is right
 * @throws FailureError `no-npm`, `host-unreachable`, `not-fetched`, `wrong-checksum`
 */
export async function fetchPackage(wanted: Published, fetching: Fetching): Promise<string> {
  const { folder } = fetching;
  const kept = await atHand(wanted, fetching);
  if (kept !== undefined) return kept;
  mkdirSync(folder, { recursive: true });
  const of = `${wanted.package}@${wanted.version}`;
  const ended = await runProgram('npm', ['pack', of, '--ignore-scripts', '--pack-destination', folder], {
    cwd: folder,
  });
  return (ended.status === 0 ? await fileIn(folder, wanted) : undefined) ?? failFetching('npm', wanted, ended);
}

/** Takes what stands below some names of a wheel, with its permissions. */
const UNPACK = `
import os, sys, zipfile
wheel, to, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        if entry.filename.startswith(tuple(wanted)):
            path = archive.extract(entry, to)
            if entry.external_attr >> 16 & 0o111:
                os.chmod(path, 0o755)
`;

/**
 * Unpacks parts of a wheel.
 *
 * @param wheel - its path
 * @param to - folder
 * @param wanted - beginnings of paths
 * @param python - unpacks
 * @throws FailureError `not-unpacked`
 */
export async function unpackWheel(wheel: string, to: string, wanted: readonly string[], python: string): Promise<void> {
  const { status, said } = await runProgram(python, ['-c', UNPACK, wheel, to, ...wanted]);
  if (status === 0) return;
  fail({
    code: 'not-unpacked',
    message: `${basename(wheel)} cannot be unpacked into ${to}: ${lastWords(said, 1)}`,
    fix: 'make room there, and call this again: it goes on where it was',
  });
}
