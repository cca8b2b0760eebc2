import { freemem } from 'node:os';
import { fail } from '../../../core/failure.ts';
import type { Executable, Executor } from '../executor.ts';
import type { Controls, PrimitiveName } from '../primitives.ts';
import { mapOperands, type Operation, type Program, type Ref, type Region, type Space } from '../program.ts';
import type { Answer, Channel, Ended } from './channel.ts';
import { joined, shareOut, ShownPorts } from '../shown-ports.ts';
import { ALL_PRODUCTS, type Target } from '../target.ts';
import { PYTORCH_TARGET } from './target.ts';

/** Who computes: versions, and the device; threads where it is a CPU. */
export interface Introduction {
  readonly python: string;
  readonly torch: string;
  readonly device: string;
  readonly threads: number | null;
  /** Whether it multiplies in bfloat16. */
  readonly bfloat16: boolean;
}

/** A reference as Python reads it: regions by their number. */
const numbered = (ref: Ref): Readonly<Record<string, unknown>> =>
  ref.space === 'outside' ? { ...ref, region: ref.region.address } : { ...ref };

const descriptionOf = ({ primitive, operands, numbers }: Operation): unknown => ({
  primitive,
  operands: mapOperands<PrimitiveName, Ref, Readonly<Record<string, unknown>>>(operands, numbered),
  numbers,
});

const mapValues = <From, To>(
  from: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Readonly<Record<string, To>> => Object.fromEntries(Object.entries(from).map(([name, value]) => [name, map(value)]));

/** Runs programs with PyTorch in a process of Python's own. The caller's arrays are copied there and back. */
export class PyTorchExecutor implements Executor {
  readonly name = 'pytorch';
  readonly description: Executor['description'];
  readonly target: Target;
  readonly #channel: Channel;
  #next = 0;

  /**
   * @param channel - to the program, which has introduced itself
   * @param introduction - what it said
   */
  constructor(channel: Channel, introduction: Introduction) {
    this.#channel = channel;
    const { python, torch, device, threads, bfloat16 } = introduction;
    this.target = bfloat16 ? { ...PYTORCH_TARGET, bfloat16: ALL_PRODUCTS } : PYTORCH_TARGET;
    this.description = { python, torch, device, ...(threads !== null && { threads }), node: process.versions.node };
  }

  #ask(request: string, header: Readonly<Record<string, unknown>>, values?: Float32Array): Answer {
    const answer = this.#channel.ask({ request, ...header }, values);
    if ('ended' in answer) return failEnded(answer);
    const { error } = answer.header as { error?: { code: string; message: string } };
    return error ? failRefused(error) : answer;
  }

  allocate(floats: number): Region {
    const address = this.#next++;
    this.#ask('allocate', { region: address, size: floats });
    return { address, floats };
  }

  free({ address }: Region): void {
    this.#ask('free', { region: address });
  }

  capacity(): number {
    const { bytes } = this.#ask('capacity', {}).header as { bytes: number | null };
    return bytes ?? freemem();
  }

  read({ address }: Region, offset: number, count: number): Float32Array {
    return this.#ask('read', { region: address, offset, count }).values;
  }

  write({ address }: Region, offset: number, values: ArrayLike<number>): void {
    if (values.length > 0) this.#ask('write', { region: address, offset }, Float32Array.from(values));
  }

  limitThreads(threads: number): void {
    this.#ask('threads', { threads });
  }

  compile<S extends string>(program: Program<S>, memory: Partial<Readonly<Record<Space, Region>>>): Executable<S> {
    const executable = this.#next++;
    const { offsets } = program;
    const described = {
      offsets,
      ports: mapValues(program.ports, (port) => ({ ...port, ref: numbered(port.ref) })),
      sections: mapValues<readonly Operation[], unknown>(program.sections, (operations) =>
        operations.map(descriptionOf),
      ),
      memory: mapValues(memory, ({ address }) => address),
    };
    this.#ask('compile', { executable, program: described });
    const shown = new ShownPorts(program, (name) => this.#ask('port', { executable, name }).values);
    const port = (name: string): Float32Array => shown.array(name);
    const run = (section: S, controls: Controls): void => {
      const [given, wanted] = [shown.of(section, 'in'), shown.of(section, 'out')];
      const [names, arrays] = [given.map(({ name }) => name), given.map(({ array }) => array)];
      const header = { executable, section, controls, given: names, shown: wanted.map(({ name }) => name) };
      const { values } = this.#ask('run', header, joined(arrays));
      shareOut(
        values,
        wanted.map(({ array }) => array),
      );
    };
    return { run, port, values: port, dispose: () => void this.#ask('dispose', { executable }) };
  }

  /** Each run is made at once. */
  together(work: () => void): void {
    work();
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
function failRefused({ code, message }: { readonly code: string; readonly message: string }): never {
  if (code === 'out-of-memory')
    return fail({
      code: 'does-not-fit',
      message: `the device of the pytorch engine has no memory left: ${message}`,
      fix: 'take a smaller batch_size, image_size or model',
    });
  throw new Error(`the pytorch engine: ${message}`);
}
