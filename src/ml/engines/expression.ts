import { isInputDifferentiable } from '../algebra/adapter.ts';
import type { AdapterCall } from '../algebra/node.ts';
import { at } from '../../util/at.ts';
import { refOf } from './arrays.ts';
import type { Expression, ExpressionOptions } from './engine.ts';
import type { Executable, Executor } from './executor.ts';
import { lowerExpression } from './lower/expression/lower.ts';
import { allocateAll } from './memory.ts';
import type { AdapterPlaces, Call, LoweredExpression } from './lower/expression/options.ts';
import type { Ref, Region } from './program.ts';
import { NO_CONTROLS } from './steps.ts';

/** Where an adapter's pass keeps its arrays. */
function placesOf(call: AdapterCall, { adapter: runOf }: ExpressionOptions): AdapterPlaces {
  const { step } = runOf(call);
  return {
    input: refOf(step.array('input')),
    output: refOf(step.array('logits')),
    outputGradient: refOf(step.array('logits-gradient')),
    inputGradient: isInputDifferentiable(call.adapter) ? refOf(step.array('input-gradient')) : null,
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
  // An adapter's node and its gradient's have the same call, and are told the same places.
  const known = new Map<AdapterCall, AdapterPlaces>();
  const adapter = (call: AdapterCall): AdapterPlaces => {
    const places = known.get(call) ?? placesOf(call, options);
    known.set(call, places);
    return places;
  };
  return lowerExpression({
    target: executor.target,
    inputs: new Map(Object.entries(options.inputs).map(([name, array]): [string, Ref] => [name, refOf(array)])),
    adapter,
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
  readonly #own: Readonly<Record<'constant' | 'port', Region>>;
  readonly #calls: readonly Call[];
  readonly #options: ExpressionOptions;

  constructor(executor: Executor, { lowered, options, region, threads }: ExpressionParts) {
    const { program, calls, constants } = lowered;
    this.#executor = executor;
    this.#calls = calls;
    this.#options = options;
    this.#own = allocateAll(executor, { constant: constants.length, port: program.portFloats });
    executor.write(this.#own.constant, 0, constants);
    try {
      this.#executable = executor.compile(program, { step: region, ...this.#own }, threads);
    } catch (error) {
      this.#free();
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

  #free(): void {
    for (const region of Object.values(this.#own)) this.#executor.free(region);
  }

  /** Gives its records, constants and ports back. */
  dispose(): void {
    this.#executable.dispose();
    this.#free();
  }
}
