import type { AdapterCall } from '../algebra/node.ts';
import { at } from '../../util/at.ts';
import { refOf } from './arrays.ts';
import type { Expression, ExpressionOptions } from './engine.ts';
import type { Executable, Executor } from './executor.ts';
import { lowerExpression } from './lower/expression/lower.ts';
import type { AdapterPlaces, Call, LoweredExpression } from './lower/expression/options.ts';
import type { Ref, Region } from './program.ts';
import { NO_CONTROLS } from './steps.ts';

function placesOf(call: AdapterCall, { adapter: runOf }: ExpressionOptions): AdapterPlaces {
  const { step } = runOf(call);
  const [first] = call.adapter.network.layers;
  return {
    input: refOf(step.array('input')),
    output: refOf(step.array('logits')),
    outputGradient: refOf(step.array('logits-gradient')),
    inputGradient: first?.kind === 'input' && first.differentiable ? refOf(step.array('input-gradient')) : null,
  };
}

/** One answer a call: places are told apart by identity. */
function remembering<K extends object, V>(of: (key: K) => V, keyOf: (key: K) => string): (key: K) => V {
  const known = new Map<string, V>();
  return (key) => {
    const name = keyOf(key);
    const value = known.get(name) ?? of(key);
    known.set(name, value);
    return value;
  };
}

/**
 * Lowers an expression for an executor.
 *
 * @param executor - what will run it
 * @param options - what is computed
 * @returns its program
 */
export function lowerFor(executor: Executor, options: ExpressionOptions): LoweredExpression {
  const { results, effects } = options;
  const adapters = new Map<AdapterCall['adapter'], number>();
  const numberOf = ({ adapter, pass }: AdapterCall): string => {
    const number = adapters.get(adapter) ?? adapters.size;
    adapters.set(adapter, number);
    return `${number} ${pass}`;
  };
  return lowerExpression({
    target: executor.target,
    inputs: new Map(Object.entries(options.inputs).map(([name, array]): [string, Ref] => [name, refOf(array)])),
    adapter: remembering((call: AdapterCall) => placesOf(call, options), numberOf),
    results,
    effects,
    writes: options.writes.map(({ value, to }) => ({ value, to: refOf(to) })),
    updates: options.updates.map(({ to, ...rest }) => ({ ...rest, to: refOf(to) })),
  });
}

/** What a compiled expression is made of. */
export interface ExpressionParts {
  readonly lowered: LoweredExpression;
  readonly options: ExpressionOptions;
  /** Its memory. */
  readonly region: Region;
  readonly threads: number;
}

/** An expression over an executor. */
export class CompiledExpression implements Expression {
  readonly #executor: Executor;
  readonly #executable: Executable<string>;
  readonly #constants: Region;
  readonly #calls: readonly Call[];
  readonly #options: ExpressionOptions;

  constructor(executor: Executor, { lowered, options, region, threads }: ExpressionParts) {
    const { program, calls, constants } = lowered;
    this.#executor = executor;
    this.#calls = calls;
    this.#options = options;
    const memory = { step: region, constant: executor.allocate(constants.length) };
    this.#constants = memory.constant;
    executor.write(memory.constant, 0, constants);
    try {
      this.#executable = executor.compile(program, memory, threads);
    } catch (error) {
      executor.free(memory.constant);
      throw error;
    }
  }

  input(name: string): Float32Array {
    return this.#executable.port(name);
  }

  run(): void {
    for (let part = 0; part <= this.#calls.length; part++) {
      this.#executable.run(String(part), NO_CONTROLS);
      if (part < this.#calls.length) this.#call(at(this.#calls, part));
    }
  }

  #call({ call, direction }: Call): void {
    const run = this.#options.adapter(call);
    if (direction === 'forward') run.forward();
    else run.step.backward();
  }

  update(): void {
    this.#executable.run('update', NO_CONTROLS);
  }

  result(name: string): Float32Array | Float64Array {
    return this.#executable.values(name);
  }

  /** Gives its records and constants back. */
  dispose(): void {
    this.#executable.dispose();
    this.#executor.free(this.#constants);
  }
}
