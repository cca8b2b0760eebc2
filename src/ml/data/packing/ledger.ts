import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../../util/write-whole.ts';
import { Duplicates } from '../duplicates.ts';
import { Oddities, type OddityCounts } from '../oddities.ts';
import type { PackedManifest, Split } from '../packed.ts';
import type { SourcePicture } from '../source.ts';
import { RunningStatistics, type StatisticsSums } from '../statistics.ts';
import type { SplitMarks } from './split-writer.ts';
import { FileTape, type TapeMark } from './tape.ts';

/** The file that says how far a packing is. */
const STATE = 'packing.json';
/** What is noted of each picture to find those that are there twice. */
const SEEN = 'packing.seen';

type SplitCounts = Partial<Record<Split, PackedManifest['splits'][Split]>>;

/** A split of which a part is packed. */
export interface SplitProgress {
  readonly split: Split;
  /** Images of the source that are dealt with, packed or skipped. */
  readonly taken: number;
  /** Packed images a class. */
  readonly perClass: readonly number[];
  readonly marks: SplitMarks;
}

/** How far a packing is, as it is written: all that another process needs to go on behind it. */
interface State {
  /** What is packed, and how: one that differs does not go on. */
  readonly setup: string;
  readonly splits: SplitCounts;
  readonly digests: Readonly<Record<string, string>>;
  readonly current: SplitProgress | null;
  readonly seen: TapeMark;
  readonly oddities: OddityCounts;
  readonly statistics: StatisticsSums;
  readonly skipped: readonly string[];
}

/** Where the ledger of a set's folder lies. */
const ledgerOf = (folder: string): string => `${folder}.ledger`;

async function readState(folder: string, setup: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(join(folder, STATE), 'utf8')) as State;
    return state.setup === setup ? state : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What a packing knows so far, in a folder beside that of the files that it writes: nothing that a killed process leaves of it gets
 * into the set. With these files it outlives the process.
 */
export class Ledger {
  readonly splits: SplitCounts;
  /** SHA-256 of files of the decoded form that are not kept. */
  readonly digests: Record<string, string>;
  readonly statistics: RunningStatistics;
  /** Names of images that could not be decoded. */
  readonly skipped: string[];
  readonly duplicates: Duplicates;
  readonly oddities: Oddities;
  /** Where to go on: a split that is packed in part. */
  readonly resumed: SplitProgress | null;
  readonly #folder: string;
  readonly #setup: string;
  readonly #seen: FileTape;

  private constructor(at: { own: string; setup: string }, seen: FileTape, records: Buffer, state?: State) {
    this.#folder = at.own;
    this.#setup = at.setup;
    this.#seen = seen;
    this.splits = { ...state?.splits };
    this.digests = { ...state?.digests };
    this.statistics = new RunningStatistics(state?.statistics);
    this.skipped = [...(state?.skipped ?? [])];
    this.duplicates = Duplicates.of(records);
    this.oddities = new Oddities(state?.oddities);
    this.resumed = state?.current ?? null;
  }

  /**
   * Takes up what is under way in a folder, or empties it.
   *
   * @param folder - of the set; absolute path; created where missing
   * @param setup - what is to be packed, and how
   * @returns the ledger; close it
   */
  static async open(folder: string, setup: string): Promise<Ledger> {
    const own = ledgerOf(folder);
    const state = await readState(own, setup);
    if (!state) await Promise.all([folder, own].map((each) => rm(each, { recursive: true, force: true })));
    await Promise.all([folder, own].map((each) => mkdir(each, { recursive: true })));
    const seen = await FileTape.open(join(own, SEEN), state?.seen);
    const records = state ? await readFile(join(own, SEEN)) : Buffer.alloc(0);
    return new Ledger({ own, setup }, seen, records, state);
  }

  /**
   * Takes note of a picture that is packed.
   *
   * @param picture - as it was decoded
   * @param of - where it is
   * @param of.name - what it is called
   * @param of.split - where it is
   * @param of.label - its class
   */
  note(picture: SourcePicture, of: { readonly name: string; readonly split: Split; readonly label: number }): void {
    this.#seen.append(this.duplicates.add(picture, of.split, of.label));
    this.oddities.add(of.name, picture.oddities ?? []);
  }

  /**
   * Writes how far the packing is, with all that it counts on.
   *
   * @param current - a split under way, whose files are on the disk up to its marks
   */
  async save(current: SplitProgress | null): Promise<void> {
    const state: State = {
      ...{ setup: this.#setup, splits: this.splits, digests: this.digests, current },
      ...{ seen: await this.#seen.mark(), oddities: this.oddities.counts, statistics: this.statistics.sums },
      skipped: this.skipped,
    };
    writeWhole(join(this.#folder, STATE), JSON.stringify(state), { flush: true });
  }

  /** Removes what only a packing under way needs. */
  async finish(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.#seen.close();
  }
}
