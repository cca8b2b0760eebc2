import { join } from 'node:path';
import { fail, isFailure } from '../../core/failure.ts';
import { pipelinesIn } from '../../project/recent.ts';
import { listRuns } from '../../record/past-runs.ts';
import type { Store } from '../../store/store.ts';
import type { RunName } from '../data/answers.ts';
import { RunFeed } from './run-feed.ts';

/** Runs that are kept in memory at once: one that is looked at, and some that it is compared with. */
const mostFeeds = 4;

/** The runs of a working folder, as pages ask for them. */
export class Runs {
  readonly #runsFolder: string;
  readonly store: Store;
  readonly #feeds = new Map<string, RunFeed>();

  /**
   * @param runsFolder - path of `runs/`
   * @param store - where results are
   */
  constructor(runsFolder: string, store: Store) {
    this.#runsFolder = runsFolder;
    this.store = store;
  }

  /** All runs, the latest first. */
  list(): readonly RunName[] {
    return pipelinesIn(this.#runsFolder)
      .flatMap((pipeline) => listRuns(this.#runsFolder, pipeline).map((run) => ({ pipeline, run })))
      .sort((one, other) => (one.run < other.run ? 1 : -1));
  }

  /**
   * A run as it is read.
   *
   * @param name - its name; nothing else leads to a folder
   * @throws FailureError `no-run` when there is none; `damaged-record`, `newer-record` when it cannot be read
   */
  feed(name: string): RunFeed {
    const known = this.#feeds.get(name);
    if (known) return known;
    const found = this.list().find(({ run }) => run === name);
    if (!found)
      return fail({
        code: 'no-run',
        message: `there is no run called ${name} here`,
        expected: 'a folder runs/<pipeline>/<run>',
        fix: 'choose another run, or look whether it was removed',
      });
    const feed = new RunFeed(join(this.#runsFolder, found.pipeline, found.run), found.run, this.store);
    const [oldest] = this.#feeds.keys();
    if (this.#feeds.size >= mostFeeds && oldest !== undefined) this.#feeds.delete(oldest);
    this.#feeds.set(name, feed);
    return feed;
  }

  /**
   * The latest run whose record is whole.
   *
   * @throws FailureError `no-run` when there is none
   */
  latest(): RunFeed {
    for (const { run } of this.list()) {
      try {
        return this.feed(run);
      } catch (error) {
        if (!isFailure(error, 'damaged-record')) throw error;
      }
    }
    return fail({ code: 'no-run', message: 'there is no run here any more', fix: 'kdpipe run pipelines/<name>.yaml' });
  }
}
