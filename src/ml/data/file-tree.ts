import { createHash } from 'node:crypto';
import { close, createReadStream, openSync, read, rmSync, writeSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { Parser, type ReadEntry } from 'tar';
import { fail } from '../../core/failure.ts';
import type { Opening, PublishedArchive } from './source.ts';

const readInto = promisify(read);

/** Most bytes that an archive may unpack to: no data set here has a third of it. */
const LARGEST = 8 * 2 ** 30;

/** Files of a data set by their paths with `/`, wherever they lie. */
export interface FileTree {
  /** Where they lie, for messages. */
  readonly place: string;
  has(path: string): boolean;
  /** Reads a file that is there. */
  read(path: string): Promise<Buffer>;
  close(): Promise<void>;
}

async function openFolder(folder: string): Promise<FileTree> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const paths = new Set(
    files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, '/')),
  );
  return {
    place: folder,
    has: (path) => paths.has(path),
    read: (path) => readFile(join(folder, path)),
    close: () => Promise.resolve(),
  };
}

/** Where the bytes of an unpacked file are. */
interface Extent {
  readonly offset: number;
  readonly size: number;
}

/**
 * Bytes of an archive's files one after the other in a file without a name: no path of the archive ever meets the disk,
 * and the system frees it when the process ends, however it ends.
 */
class Unpacked implements FileTree {
  readonly place: string;
  readonly #top: string;
  readonly #file: number;
  readonly #extents = new Map<string, Extent>();
  #end = 0;

  constructor(archive: string, top: string, folder: string) {
    this.place = archive;
    this.#top = `${top}/`;
    const path = join(folder, `unpacked-${process.pid}`);
    this.#file = openSync(path, 'wx+');
    rmSync(path);
  }

  /** Takes in one entry of the archive; what does not lie under the top folder is passed over. */
  add(entry: ReadEntry): void {
    const path = entry.path.replace(/^(?:\.\/)+/, '');
    const isFile = ['File', 'OldFile', 'ContiguousFile'].includes(entry.type);
    if (!path.startsWith(this.#top) || !isFile) {
      entry.resume();
      return;
    }
    const offset = this.#end;
    entry.on('data', (bytes: Uint8Array) => {
      if (this.#end + bytes.length > LARGEST) throw new Error(`it unpacks to more than ${LARGEST} bytes`);
      writeSync(this.#file, bytes, 0, bytes.length, this.#end);
      this.#end += bytes.length;
    });
    entry.on('end', () => this.#extents.set(path.slice(this.#top.length), { offset, size: this.#end - offset }));
  }

  has(path: string): boolean {
    return this.#extents.has(path);
  }

  async read(path: string): Promise<Buffer> {
    const { offset, size } = this.#extents.get(path) ?? { offset: 0, size: 0 };
    const bytes = Buffer.alloc(size);
    for (let got = 0; got < size;) {
      const { bytesRead } = await readInto(this.#file, bytes, got, size - got, offset + got);
      if (bytesRead === 0) throw new Error(`${path} of ${this.place} ends too early`);
      got += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await promisify(close)(this.#file);
  }
}

/** Feeds an archive to a parser and to its checksum; returns the checksum and what the parser said against it. */
async function pass(file: string, parser: Parser, { signal, progress }: Opening) {
  const sum = createHash('md5');
  const { size } = await stat(file);
  let done = 0;
  const problems: Error[] = [];
  parser.on('error', (error: Error) => problems.push(error));
  // Only warned of, and the entry never ends: what came of it would be missing without a word.
  parser.on('warn', (_code: string, message: string | Error, { entry }: { readonly entry?: unknown }) => {
    if (entry !== undefined) problems.push(message instanceof Error ? message : new Error(message));
  });
  for await (const bytes of createReadStream(file, { highWaterMark: 2 ** 20, ...(signal && { signal }) })) {
    sum.update(bytes as Buffer);
    if (problems.length === 0) offer(parser, bytes as Buffer, problems);
    progress?.((done += (bytes as Buffer).length), size);
  }
  if (problems.length === 0) parser.end();
  return { md5: sum.digest('hex'), problem: problems[0]?.message };
}

function offer(parser: Parser, bytes: Buffer, problems: Error[]): void {
  try {
    parser.write(bytes);
  } catch (error) {
    // A disk that takes no more is no fault of the archive.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    problems.push(error as Error);
  }
}

async function openArchive(file: string, archive: PublishedArchive, opening: Opening): Promise<FileTree> {
  const unpacked = new Unpacked(file, archive.folder, opening.folder ?? tmpdir());
  try {
    const parser = new Parser({ onReadEntry: (entry) => unpacked.add(entry) });
    const { md5, problem } = await pass(file, parser, opening);
    if (md5 !== archive.md5)
      fail({
        code: 'wrong-checksum',
        message: `${file} is not the archive ${archive.name} as published: its MD5 is ${md5}`,
        place: { file },
        expected: `MD5 ${archive.md5}`,
        fix: `download it again from ${archive.url}, or write url in place of root`,
      });
    if (problem !== undefined)
      fail({ code: 'damaged-archive', message: `${file} can't be unpacked: ${problem}`, place: { file } });
    return unpacked;
  } catch (error) {
    await unpacked.close();
    throw error;
  }
}

/**
 * Opens a data set as its publisher packs it: the archive, which is read once, or the folder that is in it.
 *
 * @param place - absolute path of the archive or the unpacked folder
 * @param archive - what is published
 * @param opening - signal, progress, and where bytes of an archive are put
 * @returns its files, by their paths below the archive's top folder; to be closed
 * @throws FailureError when an archive has another checksum or is damaged, or when a folder is another one
 */
export async function openTree(place: string, archive: PublishedArchive, opening: Opening): Promise<FileTree> {
  const found = await stat(place).catch(() => undefined);
  const tree = found?.isFile() ? await openArchive(place, archive, opening) : found && (await openFolder(place));
  if (tree?.has(archive.marker)) return tree;
  await tree?.close();
  return fail({
    code: found ? 'wrong-data' : 'missing-root',
    message: found ? `${place} has no ${archive.marker}` : `there is no ${place}`,
    place: { file: place },
    expected: `${archive.name} (MD5 ${archive.md5}) or the folder ${archive.folder} that is in it`,
    fix: `download it from ${archive.url}, or write url in place of root`,
  });
}

/**
 * Requires files.
 *
 * @param tree - where they should be
 * @param paths - of the files
 * @throws FailureError that names the first few that are missing, and counts them
 */
export function requireFiles(tree: FileTree, paths: readonly string[]): void {
  const missing = paths.filter((path) => !tree.has(path));
  if (missing.length === 0) return;
  const shown = missing.slice(0, 3).join(', ');
  fail({
    code: 'missing-images',
    message: `${basename(tree.place)} lacks ${missing.length} of ${paths.length} files: ${shown}${missing.length > 3 ? ' …' : ''}`,
    place: { file: tree.place },
    expected: 'all files of the published archive',
    fix: 'unpack the archive again, or point root at the archive itself',
  });
}
