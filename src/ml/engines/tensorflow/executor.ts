import { freemem } from 'node:os';
import type { Executable, Executor } from '../executor.ts';
import type { Controls } from '../primitives.ts';
import { locate, type Operation, type Program, type Ref, type Region, type Space } from '../program.ts';
import { ShownPorts } from '../shown-ports.ts';
import { ALL_PRODUCTS, type Target } from '../target.ts';
import { WaitingRuns, type WaitingRun } from '../waiting-runs.ts';
import { Model, type Binding } from './binding.ts';
import { build, type Round } from './build.ts';
import type { Compiled } from './compiled.ts';
import { Lives } from './lives.ts';
import { controlBits, portKey, type Part, type RoundNodes } from './round.ts';
import { Store } from './store.ts';
import { TENSORFLOW_TARGET } from './target.ts';

/** A run of a section that is to be made. */
interface Run extends WaitingRun, Part {
  readonly controls: Controls;
  readonly shown: ShownPorts;
}

/** What a program's operations and ports lie in. */
function regionsOf({ program, memory }: Pick<Compiled, 'program' | 'memory'>): ReadonlySet<Region> {
  const refs: Ref[] = Object.values(program.ports).map(({ ref }) => ref);
  for (const operations of Object.values<readonly Operation[]>(program.sections))
    for (const { operands } of operations) refs.push(...Object.values(operands).filter((ref) => ref !== null));
  return new Set(refs.map((ref) => locate(ref, program, memory).region));
}

const keyOf = (parts: readonly Part[]): string =>
  parts.map(({ compiled, section }) => `${compiled.id} ${section}`).join();

/** Runs programs as nodes of one TensorFlow graph, which holds whatever has been asked for together as one call. */
export class TensorFlowExecutor implements Executor {
  readonly name = 'tensorflow';
  readonly description: Executor['description'];
  readonly target: Target;
  /** On a processor the look-up takes longer than the bytes that it saves. */
  readonly takesPixels: boolean;
  readonly #binding: Binding;
  readonly #gpu: boolean;
  readonly #store = new Store();
  readonly #rounds = new Map<string, Round>();
  readonly #live = new Set<number>();
  /** Addresses of regions that steps lie in, whose ports are read one by one. */
  readonly #steps = new Set<number>();
  readonly #runs = new WaitingRuns<Run>((runs) => this.#run(runs));
  #next = 0;

  /**
   * @param binding - TensorFlow's native module
   * @param description - what the manifest says of it
   */
  constructor(binding: Binding, description: Executor['description']) {
    this.#binding = binding;
    this.#gpu = binding.isUsingGpuDevice();
    this.takesPixels = this.#gpu;
    this.target = this.#gpu ? { ...TENSORFLOW_TARGET, bfloat16: ALL_PRODUCTS } : TENSORFLOW_TARGET;
    this.description = description;
  }

  allocate(floats: number): Region {
    return this.#store.allocate(floats);
  }

  free(region: Region): void {
    this.#runs.settle(region);
    this.#store.free(region);
  }

  /** The machine's: what a GPU has left is not to be learnt from TensorFlow. */
  capacity(): number {
    return freemem();
  }

  read(region: Region, offset: number, floats: number): Float32Array {
    this.#runs.settle(region);
    return this.#store.read(region, offset, floats, !this.#steps.has(region.address));
  }

  write(region: Region, offset: number, values: ArrayLike<number>): void {
    this.#runs.settle(region);
    this.#store.write(region, offset, values instanceof Float32Array ? values : Float32Array.from(values));
  }

  writePixels(region: Region, pixels: Uint8Array, table: Region): void {
    this.#runs.settle(region);
    this.#store.writePixels(region, pixels, table);
  }

  /** TensorFlow's threads are as many as there were to be when it was loaded. */
  limitThreads(): void {}

  compile<S extends string>(program: Program<S>, memory: Partial<Readonly<Record<Space, Region>>>): Executable<S> {
    const compiled = { id: this.#next++, program, memory, lives: new Lives(program) };
    this.#live.add(compiled.id);
    if (memory.step) this.#steps.add(memory.step.address);
    const touches = regionsOf(compiled);
    const placeOf = (name: string): { readonly region: Region; readonly offset: number; readonly floats: number } => {
      const port = program.ports[name];
      if (!port) throw new Error(`the step was not compiled for ${name}`);
      return { ...locate(port.ref, program, memory), floats: port.floats };
    };
    const shown = new ShownPorts(program, (name) => {
      const { region, offset, floats } = placeOf(name);
      return this.#store.read(region, offset, floats);
    });
    const port = (name: string): Float32Array => {
      this.#runs.settle(placeOf(name).region);
      return shown.array(name);
    };
    return {
      run: (section, controls) => this.#runs.take({ compiled, section, controls, shown, touches }),
      port,
      values: port,
      dispose: () => {
        this.#runs.flush();
        this.#live.delete(compiled.id);
        if (this.#live.size === 0) this.#store.unload();
      },
    };
  }

  together(work: () => void): void {
    this.#runs.together(work);
  }

  /** The nodes of a round, in the graph that is loaded now. */
  #nodes(parts: readonly Part[]): RoundNodes {
    const key = keyOf(parts);
    const known = this.#rounds.get(key);
    const found = known && this.#store.loaded?.built.rounds.get(known.name);
    if (found) return found;
    for (const [old, round] of this.#rounds)
      if (round.parts.some(({ compiled }) => !this.#live.has(compiled.id))) this.#rounds.delete(old);
    const name = `round${this.#next++}`;
    this.#rounds.set(key, { name, parts });
    const built = build([...this.#rounds.values()], { gpu: this.#gpu, tables: this.#store.tables });
    this.#store.change(() => ({ built, model: new Model(this.#binding, built.nodes) }));
    const nodes = built.rounds.get(name);
    if (!nodes) throw new Error(`the graph lacks ${name}`);
    return nodes;
  }

  #run(runs: readonly Run[]): void {
    const nodes = this.#nodes(runs);
    for (const { compiled, section, shown } of runs)
      for (const { name, array } of shown.of(section, 'in')) {
        const port = compiled.program.ports[name];
        if (!port) continue;
        const { region, offset } = locate(port.ref, compiled.program, compiled.memory);
        this.#store.write(region, offset, array);
      }
    const wanted = new Map<string, Float32Array>();
    for (const { compiled, section, shown } of runs)
      for (const { name, array } of shown.of(section, 'out')) {
        const node = nodes.ports.get(portKey(compiled, name));
        if (node !== undefined) wanted.set(node, array);
      }
    const controls = controlBits(runs.map((run) => run.controls));
    const shape = [runs.length, controls.length / runs.length];
    const feeds = [{ name: nodes.controls, shape, bits: controls }];
    const results = this.#store.run(feeds, [nodes.done, ...wanted.keys()]);
    [...wanted.values()].forEach((array, k) => array.set(results[k + 1] ?? []));
  }

  dispose(): Promise<void> {
    this.#live.clear();
    this.#rounds.clear();
    this.#store.unload();
    return Promise.resolve();
  }
}
