import { rmSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** Random numbers below 1. */
export type Random = () => number;

/**
 * Picks a whole number.
 *
 * @param random - where it comes from
 * @param below - more than the largest
 * @returns at least 0
 */
export const pick = (random: Random, below: number): number => Math.floor(random() * below);

/** Values that numbers of stages and sources take: few, so that an edit is often one back. */
const values = 5;
/** How far back a stage reads. */
const reach = 20;

/** A stage that makes a number of those that it reads. */
export interface Stage {
  /** Numbers of the stages that it reads, or of a source. */
  readonly needs: readonly number[];
  readonly source: number | undefined;
  value: number;
}

/** A pipeline of small command stages over a few source files, which anybody may edit at any time. */
export class Workspace {
  readonly #stages: readonly Stage[];
  readonly #sources: number[];

  /** @param count - of stages @param random - how they hang together */
  constructor(count: number, random: Random) {
    this.#sources = Array.from({ length: Math.ceil(count / 10) }, () => pick(random, values));
    this.#stages = Array.from({ length: count }, (_, at) => {
      const needs = [1, 2].map(() => at - 1 - pick(random, Math.min(at, reach))).filter((need) => at > 0 && need >= 0);
      const reads = needs.length === 0 || random() < 0.2;
      return {
        needs: [...new Set(needs)],
        source: reads ? pick(random, this.#sources.length) : undefined,
        value: pick(random, values),
      };
    });
  }

  get stages(): readonly Stage[] {
    return this.#stages;
  }

  get sources(): readonly number[] {
    return this.#sources;
  }

  /** Names of all stages. */
  get names(): readonly string[] {
    return this.#stages.map((_, at) => `s${at}`);
  }

  /** All files, by path: the pipeline is study.yaml. */
  files(): Readonly<Record<string, string>> {
    const stages = this.#stages.map((stage, at) => `  s${at}: ${stageText(stage, at)}\n`).join('');
    const sources = this.#sources.map((value, at): [string, string] => [`source-${at}`, `${value}\n`]);
    return { 'study.yaml': `name: study\nstages:\n${stages}`, ...Object.fromEntries(sources) };
  }

  /** Gives a source or a stage another number, and writes it into a folder where runs may be going on. */
  edit(folder: string, random: Random): void {
    const value = pick(random, values);
    if (random() < 0.5) {
      const at = pick(random, this.#sources.length);
      this.#sources[at] = value;
      writeFileSync(join(folder, `source-${at}`), `${value}\n`);
      return;
    }
    this.#stages[pick(random, this.#stages.length)]!.value = value;
    // A pipeline that is half written is no pipeline.
    const draft = join(folder, 'study.yaml.new');
    writeFileSync(draft, this.files()['study.yaml'] ?? '');
    renameSync(draft, join(folder, 'study.yaml'));
    rmSync(draft, { force: true });
  }
}

/** Where a stage of some runner finds its files, as its shell says it. */
export interface Places {
  /** The result of a stage, and a source, each as an input of that name. */
  readonly input: (name: string, from: string) => string;
  readonly output: string;
  /** First and last deeds, besides. */
  readonly before?: string;
  readonly after?: string;
}

/**
 * What a stage reads.
 *
 * @param stage - the stage
 * @returns names of its inputs, each with the stage or source that it is
 */
export const inputsOf = ({ needs, source }: Stage): readonly (readonly [name: string, from: string])[] => [
  ...needs.map((need, place) => [`i${place}`, `s${need}`] as const),
  ...(source === undefined ? [] : [['source', `source-${source}`] as const]),
];

/** What an input counts for, by its place. */
const factor = (place: number): number => 31 + 2 * place;
/** Results are below it. */
const modulus = 97;

/** The number that a stage makes of those that it reads. */
export const resultOf = (inputs: readonly number[], value: number): number =>
  (inputs.reduce((sum, one, place) => sum + one * factor(place), 0) + value) % modulus;

/**
 * A stage that adds what it reads, in built-ins of the shell. Its last deed is a line in the ledger `$TRIAL_LEDGER`: words of
 * the runner, then all that its result goes by.
 */
export function shellOf(stage: Stage, at: number, { input, output, before, after }: Places, words = ''): string {
  const inputs = inputsOf(stage);
  const reads = inputs.map(([name, from]) => `${name}=0; read -r ${name} < ${input(name, from)}`);
  const sum = inputs.map(([name], place) => `${name} * ${factor(place)}`).join(' + ');
  const identity = [`s${at}`, stage.value, ...inputs.map(([name]) => `$${name}`)].join(' ');
  return [
    ...(before === undefined ? [] : [before]),
    ...reads,
    `echo $(( (${sum} + ${stage.value}) % ${modulus} )) > ${output}`,
    ...(after === undefined ? [] : [after.replace('IDENTITY', identity)]),
    `echo "${words}${identity}" >> "$TRIAL_LEDGER"`,
  ].join('; ');
}

/** A stage of kdpipe. What its key goes by stands beside its result, too. */
export function stageText(stage: Stage, at: number, before?: string): string {
  const places = {
    input: (name: string) => `"$KDPIPE_INPUT_${name.toUpperCase()}"`,
    output: '"$KDPIPE_OUT/v"',
    after: 'echo "IDENTITY" > "$KDPIPE_OUT/identity"',
    ...(before === undefined ? {} : { before }),
  };
  const shell = shellOf(stage, at, places, '$KDPIPE_RUN $KDPIPE_TRIAL ');
  const inputs = inputsOf(stage).map(([name, from]) =>
    from.startsWith('source') ? `${name}: ${from}` : `${name}: '\${stages.${from}.v}'`,
  );
  return `{ uses: command, with: { shell: '${shell}', inputs: { ${inputs.join(', ')} }, outputs: { v: v } } }`;
}
