import { lookedUp } from '../pixels.ts';
import type { Region } from '../program.ts';
import { bitsOf, type Feed, type Model } from './binding.ts';
import { cellNodes, type Built } from './build.ts';
import { Intervals } from './intervals.ts';
import { nameOf, type Cell } from './partition.ts';
import { pixelFeeds, type PixelTables } from './pixels.ts';

/** A loaded graph. */
export interface Loaded {
  readonly model: Model;
  readonly built: Built;
}

const lengthOf = ({ from, to }: { readonly from: number; readonly to: number }): number => to - from;

/** What regions hold: in the variables of the loaded graph, or, where it has none, in this process. What is nowhere is 0. */
export class Store {
  readonly #host = new Map<number, Intervals<Float32Array>>();
  /** What has been fetched of regions since something ran: each other choice of variables takes TensorFlow a while. */
  readonly #fetched = new Map<number, ReadonlyMap<string, Float32Array>>();
  readonly #tables = new Map<number, Region>();
  #loaded: Loaded | undefined;
  #next = 0;

  allocate(floats: number): Region {
    const address = this.#next++;
    this.#host.set(address, new Intervals());
    return { address, floats };
  }

  free({ address }: Region): void {
    this.#host.delete(address);
    this.#tables.delete(address);
    for (const [region, table] of this.#tables) if (table.address === address) this.#tables.delete(region);
  }

  /** Of regions that have been given pixels: the next graph looks them up. */
  get tables(): PixelTables {
    return new Map(this.#tables);
  }

  #hostOf(address: number): Intervals<Float32Array> {
    const host = this.#host.get(address);
    if (!host) throw new Error('the memory has been given back');
    return host;
  }

  /** The cells that a stretch touches. */
  #cells({ address }: Pick<Region, 'address'>, from: number, to: number): readonly Cell[] {
    return this.#loaded?.built.partition.touched(address, from, to) ?? [];
  }

  #fetch(cells: readonly Cell[]): readonly Float32Array[] {
    const model = this.#loaded?.model;
    if (!model || cells.length === 0) return [];
    return model.run(
      [],
      cells.map((cell) => cellNodes(cell).get),
    );
  }

  /** Values of cells of one region: with those of all of its others, where they are wanted one after the other. */
  #values({ address }: Region, cells: readonly Cell[], all: boolean): readonly Float32Array[] {
    if (!all || cells.length === 0) return this.#fetch(cells);
    const known = this.#fetched.get(address) ?? this.#fetchAll(address);
    this.#fetched.set(address, known);
    return cells.map((cell) => known.get(nameOf(cell)) ?? new Float32Array());
  }

  #fetchAll(address: number): ReadonlyMap<string, Float32Array> {
    const cells = this.#cells({ address }, 0, Infinity);
    const values = this.#fetch(cells);
    return new Map(cells.map((cell, k) => [nameOf(cell), values[k] ?? new Float32Array()]));
  }

  #feed(values: readonly (readonly [Cell, Float32Array])[]): void {
    this.#fetched.clear();
    const model = this.#loaded?.model;
    if (!model || values.length === 0) return;
    const feeds = values.map(([cell, floats]) => ({
      name: cellNodes(cell).feed,
      shape: [lengthOf(cell)],
      bits: bitsOf(floats),
    }));
    model.run(
      feeds,
      values.map(([cell]) => cellNodes(cell).set),
    );
  }

  /** `all`: more of the region is going to be read. */
  read(region: Region, offset: number, floats: number, all = false): Float32Array {
    const values = new Float32Array(floats);
    const end = offset + floats;
    for (const { from, to, value, start } of this.#hostOf(region.address).within(offset, end))
      values.set(value.subarray(start, start + to - from), from - offset);
    const cells = this.#cells(region, offset, end);
    this.#values(region, cells, all).forEach((fetched, k) => {
      const { from = 0, to = 0 } = cells[k] ?? {};
      const first = Math.max(from, offset);
      values.set(fetched.subarray(first - from, Math.min(to, end) - from), first - offset);
    });
    return values;
  }

  /** Copies values. */
  write(region: Region, offset: number, values: Float32Array): void {
    const end = offset + values.length;
    const cells = this.#cells(region, offset, end);
    const isWhole = (cell: Cell): boolean => cell.from >= offset && cell.to <= end;
    const cut = cells.filter((cell) => !isWhole(cell));
    const old = new Map(this.#fetch(cut).map((fetched, k) => [cut[k], fetched]));
    this.#feed(
      cells.map((cell) => {
        const first = Math.max(cell.from, offset);
        const part = values.subarray(first - offset, Math.min(cell.to, end) - offset);
        const whole = old.get(cell);
        whole?.set(part, first - cell.from);
        return [cell, whole ?? part];
      }),
    );
    const covered = cells.reduce((sum, cell) => sum + Math.min(cell.to, end) - Math.max(cell.from, offset), 0);
    if (covered < values.length) this.#hostOf(region.address).put(offset, end, values.slice());
  }

  /** Writes what pixels stand for: a graph that knows of them does it, the first time we do. */
  writePixels(region: Region, pixels: Uint8Array, table: Region): void {
    const cells = this.#cells(region, 0, pixels.length);
    const covered = cells.reduce((sum, cell) => sum + lengthOf(cell), 0);
    this.#tables.set(region.address, table);
    if (this.#loaded?.built.tables.get(region.address) !== table || covered !== pixels.length) {
      this.write(region, 0, lookedUp(pixels, this.read(table, 0, table.floats)));
      return;
    }
    this.#fetched.clear();
    const { feeds, wanted } = pixelFeeds(cells, pixels);
    this.#loaded.model.run(feeds, wanted);
  }

  /**
   * Changes to another graph: what its variables hold is what they held.
   *
   * @param load - loads it; the one before is gone
   */
  change(load: () => Loaded): void {
    this.unload();
    this.#loaded = load();
    const cells = this.#loaded.built.partition.all();
    const values = cells.map((cell): [Cell, Float32Array] => {
      const host = this.#hostOf(cell.region);
      const value = new Float32Array(lengthOf(cell));
      for (const { from, to, value: held, start } of host.within(cell.from, cell.to))
        value.set(held.subarray(start, start + to - from), from - cell.from);
      host.remove(cell.from, cell.to);
      return [cell, value];
    });
    this.#feed(values);
  }

  /** Takes what variables hold into this process, and lets the graph go. */
  unload(): void {
    if (!this.#loaded) return;
    const cells = this.#loaded.built.partition.all().filter(({ region }) => this.#host.has(region));
    this.#fetch(cells).forEach((value, k) => {
      const cell = cells[k];
      if (cell) this.#hostOf(cell.region).put(cell.from, cell.to, value);
    });
    this.#loaded.model.dispose();
    this.#loaded = undefined;
  }

  /** The graph that is loaded. */
  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  /** Runs nodes of the graph that is loaded. */
  run(feeds: readonly Feed[], wanted: readonly string[]): readonly Float32Array[] {
    this.#fetched.clear();
    return this.#loaded?.model.run(feeds, wanted) ?? [];
  }
}
