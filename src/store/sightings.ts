/** What is seen of a lock at one moment. */
export interface Sight {
  /** Who it names; an empty text where it is nothing that one can read a name from. */
  readonly text: string;
  readonly inode: number;
  /** Its heartbeat, by its holder's clock: it says nothing by itself, only that it moves. */
  readonly modified: number;
}

/** How long a heartbeat has to stand still before its holder counts as dead, milliseconds. */
const silenceLimit = 60_000;
/** One look sees no more than this of what was before it: whoever was stopped, or cut off, has not watched. Milliseconds. */
const longestGlance = 1000;

/**
 * Tells by watching whether holders live that nobody can be asked about: of another host, a container with its own process
 * ids, or this host before it was booted again. Clocks of two hosts need not agree, so that the time of a heartbeat is compared
 * with nothing but what it was at the look before, and how long it stands still is measured by our own monotonic clock.
 */
export class Sightings {
  readonly #known = new Map<string, { readonly modified: number; readonly at: number; readonly silent: number }>();

  /**
   * Takes note of a look at a lock.
   *
   * @param sight - what was seen; all locks of a process are one file, so that one is watched for all
   * @param now - milliseconds of a monotonic clock
   * @returns true when its heartbeat has stood still for as long as a living holder's never does
   */
  isSilent({ text, inode, modified }: Sight, now: number): boolean {
    const id = `${inode} ${text}`;
    const before = this.#known.get(id);
    const moved = before?.modified !== modified;
    const silent = before && !moved ? before.silent + Math.min(now - before.at, longestGlance) : 0;
    this.#known.set(id, { modified, at: now, silent });
    return silent >= silenceLimit;
  }
}
