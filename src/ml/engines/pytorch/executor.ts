import { freemem } from 'node:os';
import { fail } from '../../../core/failure.ts';
import type { PictureFile } from '../engine.ts';
import type { Executable, Executor, PicturesThere } from '../executor.ts';
import { lasting } from '../plan.ts';
import { PRIMITIVES, type Access, type Controls } from '../primitives.ts';
import { locate, type Operation, type Program, type Ref, type Region, type Space } from '../program.ts';
import { joined, shareOut, ShownPorts, type Shown } from '../shown-ports.ts';
import { ALL_PRODUCTS, type HalfPrecision, type Target } from '../target.ts';
import { WaitingRuns, type WaitingRun } from '../waiting-runs.ts';
import type { Answer, Channel, Ended } from './channel.ts';
import { PYTORCH_TARGET } from './target.ts';

/** Who computes: versions, and the device; threads where it is a CPU. */
export interface Introduction {
  readonly python: string;
  readonly torch: string;
  readonly device: string;
  readonly threads: number | null;
  /** What it multiplies in where half precision is asked for; null where that is float32. */
  readonly half: HalfPrecision | null;
  /** What is missing for a GPU that this PyTorch was built for; null where nothing is. */
  readonly noGpu: string | null;
}

/** What a request could not do. */
interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Of a round: which of its runs. */
  readonly run?: number;
}

/** A run of a program's section. */
interface Run extends WaitingRun {
  readonly executable: number;
  readonly section: string;
  readonly controls: Controls;
  /** What goes there with it, and what comes back. */
  readonly given: readonly Shown[];
  readonly shown: readonly Shown[];
  /** What helps where there is no memory for it. */
  readonly relief: (() => string) | undefined;
}

type Described = Readonly<Record<string, unknown>>;

/** A reference as Python reads it: regions by their number. */
const numbered = (ref: Ref): Described =>
  ref.space === 'outside' ? { ...ref, region: ref.region.address } : { ...ref };

const mapValues = <From, To>(
  from: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Readonly<Record<string, To>> => Object.fromEntries(Object.entries(from).map(([name, value]) => [name, map(value)]));

function descriptionOf(operation: Operation): Described {
  const { primitive, numbers } = operation;
  const accesses: Readonly<Record<string, Access>> = PRIMITIVES[primitive].operands;
  const { operands } = lasting(operation);
  const writes = Object.keys(operands).filter((name) => accesses[name]?.includes('out'));
  return { primitive, operands: mapValues(operands, (ref) => ref && numbered(ref)), numbers, writes };
}

const namesOf = (ports: readonly Shown[]): readonly string[] => ports.map(({ name }) => name);
const arraysOf = (ports: readonly Shown[]): readonly Float32Array[] => ports.map(({ array }) => array);

/**
 * Runs programs with PyTorch in a process of Python's own. The caller's arrays are copied there and back. Runs that are asked for
 * together are one request: what is asked for again and again is prepared there once.
 */
export class PyTorchExecutor implements Executor {
  readonly name = 'pytorch';
  readonly target: Target;
  /** On a processor the look-up takes longer than the bytes that it saves. */
  readonly takesPixels: boolean;
  readonly sharesMemory = true;
  readonly #channel: Channel;
  readonly #introduction: Executor['description'];
  readonly #runs = new WaitingRuns<Run>((runs) => this.#make(runs));
  /** What became of the rounds that were recorded. */
  readonly #notes = new Set<string>();
  #next = 0;

  /**
   * @param channel - to the program, which has introduced itself
   * @param introduction - what it said
   */
  constructor(channel: Channel, introduction: Introduction) {
    this.#channel = channel;
    const { python, torch, device, threads, half, noGpu } = introduction;
    this.takesPixels = threads === null;
    this.target = half ? { ...PYTORCH_TARGET, bfloat16: { ...ALL_PRODUCTS, format: half } } : PYTORCH_TARGET;
    const facts = { ...(threads !== null && { threads }), ...(noGpu !== null && { gpu: `none: ${noGpu}` }) };
    this.#introduction = { python, torch, device, ...facts, tf32: false, node: process.versions.node };
  }

  /** Versions, device, precision; how rounds are made, once that is known. */
  get description(): Executor['description'] {
    return { ...this.#introduction, ...(this.#notes.size > 0 && { rounds: [...this.#notes].join('; ') }) };
  }

  #ask(request: string, header: Described, values?: Float32Array | Uint8Array): Answer {
    return this.#try(request, header, values, () => undefined);
  }

  /** Asks; `reliefOf` says what helps against a want of memory. */
  #try(
    request: string,
    header: Described,
    values: Float32Array | Uint8Array | undefined,
    reliefOf: (refusal: Refusal) => string | undefined,
  ): Answer {
    const answer = this.#channel.ask({ request, ...header }, values);
    if ('ended' in answer) return failEnded(answer);
    const { error } = answer.header as { error?: Refusal };
    return error ? failRefused(error, reliefOf(error)) : answer;
  }

  allocate(floats: number): Region {
    const address = this.#next++;
    this.#ask('allocate', { region: address, size: floats });
    return { address, floats };
  }

  free(region: Region): void {
    this.#runs.settle(region);
    this.#ask('free', { region: region.address });
  }

  capacity(): number {
    const { bytes } = this.#ask('capacity', {}).header as { bytes: number | null };
    return bytes ?? freemem();
  }

  read(region: Region, offset: number, count: number): Float32Array {
    this.#runs.settle(region);
    return this.#ask('read', { region: region.address, offset, count }).values;
  }

  write(region: Region, offset: number, values: ArrayLike<number>): void {
    if (values.length === 0) return;
    this.#runs.settle(region);
    const floats = values instanceof Float32Array ? values : Float32Array.from(values);
    this.#ask('write', { region: region.address, offset }, floats);
  }

  writePixels(region: Region, pixels: Uint8Array, table: Region): void {
    this.#runs.settle(region);
    this.#ask('write-pixels', { region: region.address, table: table.address }, pixels);
  }

  keep({ path, index }: PictureFile): PicturesThere {
    const pictures = this.#next++;
    this.#ask('keep', { pictures, path }, new Uint8Array(index.buffer, index.byteOffset, index.byteLength));
    return {
      write: (squares, side, table, region) => {
        this.#runs.settle(region);
        const header = { pictures, side, table: table.address, region: region.address };
        this.#ask('write-squares', header, new Uint8Array(squares.buffer, squares.byteOffset, squares.byteLength));
      },
      dispose: () => void this.#ask('drop', { pictures }),
    };
  }

  limitThreads(threads: number): void {
    this.#ask('threads', { threads });
  }

  compile<S extends string>(
    program: Program<S>,
    memory: Partial<Readonly<Record<Space, Region>>>,
    _threads?: number,
    relief?: () => string,
  ): Executable<S> {
    const executable = this.#next++;
    const { sizes, offsets } = program;
    const sections = Object.entries<readonly Operation[]>(program.sections);
    const operations = sections.flatMap(([, each]) => each.flatMap((one) => Object.values(lasting(one).operands)));
    const refs = [...operations, ...Object.values(program.ports).map(({ ref }) => ref)];
    const touches = new Set(refs.flatMap((ref) => (ref ? [locate(ref, program, memory).region] : [])));
    const described = {
      ...{ sizes, offsets },
      ports: mapValues(program.ports, (port) => ({ ...port, ref: numbered(port.ref) })),
      sections: Object.fromEntries(sections.map(([name, each]) => [name, each.map(descriptionOf)])),
      memory: mapValues(memory, ({ address }) => address),
    };
    this.#ask('compile', { executable, program: described });
    const ports = new ShownPorts(program, (name) => this.#ask('port', { executable, name }).values);
    const port = (name: string): Float32Array => {
      const ref = program.ports[name]?.ref;
      if (ref) this.#runs.settle(locate(ref, program, memory).region);
      return ports.array(name);
    };
    return {
      run: (section, controls) => {
        const [given, shown] = [ports.of(section, 'in'), ports.of(section, 'out')];
        this.#runs.take({ executable, section, controls, given, shown, relief, touches });
      },
      port,
      values: port,
      dispose: () => {
        this.#runs.flush();
        this.#ask('dispose', { executable });
      },
    };
  }

  #make(runs: readonly Run[]): void {
    const header = runs.map(({ executable, section, controls, given, shown }) => ({
      ...{ executable, section, controls },
      ...{ given: namesOf(given), shown: namesOf(shown) },
    }));
    const given = joined(runs.flatMap((run) => arraysOf(run.given)));
    const answer = this.#try('run', { runs: header }, given, ({ run }) => runs[run ?? -1]?.relief?.());
    shareOut(
      answer.values,
      runs.flatMap((run) => arraysOf(run.shown)),
    );
    const { note } = answer.header as { note?: string };
    if (note !== undefined) this.#notes.add(note);
  }

  together(work: () => void): void {
    this.#runs.together(work);
  }

  dispose(): Promise<void> {
    return this.#channel.close();
  }
}

/** PyTorch's process is gone. */
function failEnded({ ended, said }: Ended): never {
  return fail({
    code: 'engine-died',
    message: `the process of the pytorch engine ended: ${ended}${said && `\n${said}`}`,
    fix: 'run again: the stage goes on from its last checkpoint; where it is killed for want of memory, take a smaller batch_size',
  });
}

/** PyTorch could not do what it was asked to. */
function failRefused({ code, message }: Refusal, relief: string | undefined): never {
  if (code === 'out-of-memory')
    return fail({
      code: 'does-not-fit',
      message: `the device of the pytorch engine has no memory left: ${message}`,
      fix: relief ?? 'take a smaller batch_size, image_size or model',
    });
  throw new Error(`the pytorch engine: ${message}`);
}
