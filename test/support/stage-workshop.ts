import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';
import type { KeptCheckpoint } from '../../src/core/growth.ts';
import { isJsonObject, type JsonObject } from '../../src/core/json.ts';
import type { TaskInput, TaskMessage } from '../../src/core/task.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { dataset } from '../../src/stages/dataset/kind.ts';
import { parameterSchema } from '../../src/stages/schema.ts';
import { alone } from './alone.ts';
import type { Cohort, StageContext, StageKind, StageOutcome } from '../../src/stages/stage-kind.ts';

/** What one stage left behind. */
export interface Made extends StageOutcome {
  readonly folder: string;
  readonly messages: readonly TaskMessage[];
}

/** How a stage is run in a test; unsaid parts are a fresh scratch folder, one thread and no abort. */
export interface Circumstances {
  readonly scratch?: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly cohort?: Cohort;
  readonly beginning?: KeptCheckpoint;
  readonly told?: (message: TaskMessage) => void;
}

const ajv = new Ajv({ useDefaults: true, strict: false, allErrors: true });

/** Parameters as the plan would complete them: defaults filled in, those that act; throws what the schema says against them. */
export function completedParams(kind: StageKind, params: JsonObject): JsonObject {
  const copy = structuredClone<JsonObject>(params);
  const validate = ajv.compile(parameterSchema(kind, catalogue()));
  if (!validate(copy)) throw new Error(ajv.errorsText(validate.errors));
  return (kind.effective?.(copy) ?? copy) as JsonObject;
}

/** Runs real stages in this process, in a temporary folder of its own, without a store. */
export class Workshop {
  readonly root = mkdtempSync(join(tmpdir(), 'kdpipe-stages-'));
  #count = 0;

  folder(): string {
    const path = join(this.root, String(this.#count++));
    mkdirSync(path);
    return path;
  }

  /** Inputs are given as `{ $input: name }` parameters beside paths of what they stand for; a list of paths is a list of inputs. */
  async make(
    kind: StageKind,
    params: JsonObject,
    inputs: Readonly<Record<string, string | readonly string[]>> = {},
    circumstances: Circumstances = {},
  ): Promise<Made> {
    const named = Object.entries(inputs).flatMap(([name, paths]) =>
      typeof paths === 'string' ? [{ name, path: paths }] : paths.map((path, at) => ({ name: `${name}.${at}`, path })),
    );
    const references = Object.fromEntries(
      Object.entries(inputs).map(([name, paths]) => [
        name,
        typeof paths === 'string' ? { $input: name } : paths.map((_, at) => ({ $input: `${name}.${at}` })),
      ]),
    );
    const completed = completedParams(kind, { ...references, ...params });
    const messages: TaskMessage[] = [];
    const folder = this.folder();
    const seat = alone(circumstances.signal);
    const context: StageContext = {
      cell: kind.name,
      params: completed,
      inputs: named.map(({ name, path }): TaskInput => ({
        ...{ name, path, cell: name, output: basename(path).split('.')[0] ?? '', key: '0'.repeat(64) },
        digest: createHash('sha256').update(path).digest('hex'),
      })),
      sources: (kind.sources?.(completed) ?? []).map((source) => ({ ...source, digest: '0'.repeat(64) })),
      out: folder,
      scratch: circumstances.scratch ?? this.folder(),
      log: join(folder, 'task.log'),
      run: 'test',
      threads: circumstances.threads ?? 1,
      gpus: [],
      signal: circumstances.signal ?? new AbortController().signal,
      cohort: circumstances.cohort ?? seat,
      ...(circumstances.beginning && { beginning: circumstances.beginning }),
      tell: (message) => {
        messages.push(message);
        circumstances.told?.(message);
      },
    };
    const { run } = await kind.load();
    try {
      return { ...(await run(context)), folder, messages };
    } finally {
      await seat.leave();
    }
  }

  /** The digits that come with kdpipe, cut down. */
  async digits(limit: JsonObject, options: JsonObject = {}): Promise<string> {
    const made = await this.make(dataset, { source: 'mnist-digits', limit, mean_std: 'data', ...options });
    return join(made.folder, 'data');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A number somewhere in nested metrics: `val.accuracy`. */
export function metric(made: StageOutcome, path: string): number {
  const value = path
    .split('.')
    .reduce<unknown>((here, key) => (isJsonObject(here) ? here[key] : undefined), made.metrics);
  if (typeof value !== 'number') throw new Error(`no metric ${path}`);
  return value;
}
