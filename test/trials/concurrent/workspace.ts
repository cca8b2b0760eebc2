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

interface Stage {
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

/**
 * A stage that adds what it reads, in built-ins of the shell. What its key goes by stands beside its result, and, as its last
 * deed, in the ledger `$TRIAL_LEDGER`.
 */
function stageText({ needs, source, value }: Stage, at: number): string {
  const inputs = [
    ...needs.map((need, place): [string, string] => [`i${place}`, `'\${stages.s${need}.v}'`]),
    ...(source === undefined ? [] : [['source', `source-${source}`] as [string, string]]),
  ];
  const reads = inputs.map(([name]) => `${name}=0; read -r ${name} < "$KDPIPE_INPUT_${name.toUpperCase()}"`);
  const sum = inputs.map(([name], place) => `${name} * ${31 + 2 * place}`).join(' + ');
  const identity = ['s' + String(at), value, ...inputs.map(([name]) => `$${name}`)].join(' ');
  const shell = [
    ...reads,
    `echo $(( (${sum} + ${value}) % 97 )) > "$KDPIPE_OUT/v"`,
    `echo "${identity}" > "$KDPIPE_OUT/identity"`,
    `echo "$KDPIPE_RUN $KDPIPE_TRIAL ${identity}" >> "$TRIAL_LEDGER"`,
  ].join('; ');
  const inputTexts = inputs.map(([name, text]) => `${name}: ${text}`).join(', ');
  return `{ uses: command, with: { shell: '${shell}', inputs: { ${inputTexts} }, outputs: { v: v } } }`;
}
