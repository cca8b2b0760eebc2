import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const call = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

const size = 64 * 2 ** 20;
/** Copies that are tried until one is of a single instant. */
const mostCopies = 200;

/** A file system in a file, mounted through a loop device. Root alone may have one. */
export class Disk {
  readonly image: string;
  /** Where it is mounted. */
  readonly folder: string;
  #device = '';

  constructor(image: string, folder: string) {
    this.image = image;
    this.folder = folder;
  }

  /** Makes an empty ext4, all of it at once: nothing is left that the system would write later by itself. */
  format(): void {
    writeFileSync(this.image, '');
    truncateSync(this.image, size);
    call('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', this.image);
  }

  mount(options: string): void {
    mkdirSync(this.folder, { recursive: true });
    this.#device = call('losetup', '--find', '--show', this.image);
    try {
      call('mount', '-t', 'ext4', '-o', options, this.#device, this.folder);
    } catch (error) {
      this.#detach();
      throw error;
    }
  }

  /** Waits for those that were killed and have not closed their files yet. */
  async unmount(): Promise<void> {
    if (this.#device === '') return;
    for (let tries = 1; ; tries++)
      try {
        call('umount', this.folder);
        break;
      } catch (error) {
        if (tries === 100) throw error;
        await wait(50);
      }
    this.#detach();
  }

  #detach(): void {
    call('losetup', '--detach', this.#device);
    this.#device = '';
  }

  /** Has the system write all that it holds back. */
  flush(): void {
    call('sync', '-f', this.folder);
  }

  /** Replays the journal and repairs what that leaves, as after a boot; throws where it cannot. */
  recover(): void {
    try {
      call('e2fsck', '-p', this.image);
    } catch (error) {
      // 1: it has repaired something.
      if ((error as { status?: number }).status !== 1) throw error;
    }
  }

  /**
   * Copies what the disk holds at one instant: what the system has written so far, and nothing that it still holds back. A copy
   * during which something was written is of no single instant, and is made again.
   */
  copyTo(image: string): void {
    for (let copies = 0; copies < mostCopies; copies++) {
      const before = this.#writes();
      call('cp', '--sparse=always', this.image, image);
      if (before !== undefined && before === this.#writes()) return;
    }
    throw new Error(`the disk was written during each of ${mostCopies} copies`);
  }

  /** What was written so far, as a text; undefined while something is being written. */
  #writes(): string | undefined {
    // Linux, Documentation/block/stat.rst: writes and their sectors, requests in flight, discards and their sectors.
    const numbers = readFileSync(`/sys/block/${basename(this.#device)}/stat`, 'utf8')
      .trim()
      .split(/\s+/);
    return numbers[8] === '0' ? [4, 6, 11, 13].map((at) => numbers[at]).join(' ') : undefined;
  }
}

/**
 * Tries to have a disk.
 *
 * @returns why none can be mounted here; undefined where one can
 */
export async function obstacle(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-power-'));
  const disk = new Disk(join(folder, 'disk'), join(folder, 'mounted'));
  try {
    disk.format();
    disk.mount('data=ordered');
    await disk.unmount();
    return undefined;
  } catch (error) {
    return `no disk can be mounted here (it takes root, a loop device and ext4): ${String(error).trim()}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
