import { fail } from '../core/failure.ts';
import { isJsonObject, isList, type JsonObject } from '../core/json.ts';
import { objectAt, parseObject, textAt } from '../core/json-fields.ts';
import type { OpenSink, SinkOptions, TrackedCell, TrackedRow } from './sink.ts';

/** What one call of `runs/log-batch` takes at most. */
const MOST_METRICS = 1000;
const MOST_PARAMS = 100;
/** Characters; what is longer is cut, as MLflow's own client cuts it. */
const LONGEST_PARAM = 6000;
const LONGEST_TAG = 8000;

/** No answer takes longer, that of a server which makes its database first among them; milliseconds. */
const patience = 60_000;

const STATUS = { finished: 'FINISHED', failed: 'FAILED', interrupted: 'KILLED' } as const;

/** Names hold letters, digits, `_ - . / :` and blanks. */
const nameOf = (name: string): string => name.replaceAll(/[^\w\-. /:]/g, '_').slice(0, 250);

/** The REST interface of a tracking server, version 2.0 of it, which all servers since MLflow 1.0 have. */
class TrackingServer {
  readonly #base: string;
  readonly #authorization: string | undefined;

  constructor(address: string, environment: SinkOptions['environment']) {
    this.#base = `${address.replace(/\/+$/, '')}/api/2.0/mlflow/`;
    const token = environment['MLFLOW_TRACKING_TOKEN'];
    const user = environment['MLFLOW_TRACKING_USERNAME'];
    const password = environment['MLFLOW_TRACKING_PASSWORD'] ?? '';
    if (user !== undefined) this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    else if (token !== undefined) this.#authorization = `Bearer ${token}`;
  }

  /** Asks, without a body by GET; undefined where the server says that what is asked for is not there. */
  async ask(path: string, body?: JsonObject): Promise<JsonObject | undefined> {
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}`, {
        headers: {
          'content-type': 'application/json',
          ...(this.#authorization !== undefined && { authorization: this.#authorization }),
        },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
        // An answer that leads elsewhere is none that a token should follow.
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      });
    } catch (error) {
      const { cause, message } = error as Error;
      return fail({
        code: 'sink-unreachable',
        message: `no answer of MLflow at ${this.#base}: ${cause instanceof Error ? cause.message : message}`,
        expected: 'a tracking server: mlflow server --port 5000',
        fix: 'correct tracking_uri or MLFLOW_TRACKING_URI, then kdpipe sync tells what is missing',
      });
    }
    const answer = parseObject(await response.text());
    if (response.ok && answer) return answer;
    const { error_code: code, message } = answer ?? {};
    if (code === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    return fail({
      code: 'sink-refuses',
      message: `MLflow answered ${response.status} to ${path}: ${typeof message === 'string' ? message.split('\n')[0] : 'no JSON'}`,
      expected: 'the interface of a tracking server, and the right to write there',
      fix: 'correct tracking_uri, or set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD',
    });
  }
}

const listOf = (facts: Readonly<Record<string, unknown>>, longest: number): readonly JsonObject[] =>
  Object.entries(facts).map(([key, value]) => ({ key: nameOf(key), value: String(value).slice(0, longest) }));

const chunksOf = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));

/** A tag that says which steps are there: `0-9 12-12`. Without it not even the parameters are. */
const STEPS = 'kdpipe.steps';

/** Steps as intervals. */
function stepsText(steps: ReadonlySet<number>): string {
  const intervals: [number, number][] = [];
  for (const step of [...steps].sort((a, b) => a - b)) {
    const last = intervals.at(-1);
    if (last && last[1] === step - 1) last[1] = step;
    else intervals.push([step, step]);
  }
  return intervals.map(([from, to]) => `${from}-${to}`).join(' ') || 'none';
}

function stepsIn(text: string): Set<number> {
  const intervals = [...text.matchAll(/(\d+)-(\d+)/g)].map(([, from, to]) => [Number(from), Number(to)] as const);
  return new Set(intervals.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at)));
}

/** What the server has of a result. */
interface KnownRun {
  readonly id: string;
  /** Undefined before its parameters are there. */
  steps: Set<number> | undefined;
  status: string;
  endTime: number;
}

function knownRun(run: JsonObject): KnownRun {
  const info = objectAt(run, 'info');
  const tags = objectAt(run, 'data')?.['tags'];
  const steps = isList(tags) ? tags.find((tag) => isJsonObject(tag) && tag['key'] === STEPS) : undefined;
  const text = isJsonObject(steps) ? steps['value'] : undefined;
  return {
    id: textAt(info, 'run_id'),
    steps: typeof text === 'string' ? stepsIn(text) : undefined,
    status: textAt(info, 'status'),
    endTime: Number(info?.['end_time'] ?? 0),
  };
}

/** Results as runs of experiments, found again by the tag that holds their key. */
class Experiments {
  readonly #server: TrackingServer;
  readonly #ids = new Map<string, string>();
  readonly #runs = new Map<string, KnownRun>();

  constructor(server: TrackingServer) {
    this.#server = server;
  }

  async write(experiment: string, cell: TrackedCell): Promise<void> {
    const run = await this.#run(experiment, cell);
    if (!run.steps) {
      for (const params of chunksOf(listOf(cell.params, LONGEST_PARAM), MOST_PARAMS)) await this.#log(run, { params });
      await this.#tell(run, new Set(), []);
    }
    await this.#tellRows(run, cell.rows);
    await this.#tellEnd(run, cell);
  }

  async #experiment(name: string): Promise<string> {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const found = await this.#server.ask(`experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`);
    const made = found ? objectAt(found, 'experiment') : await this.#server.ask('experiments/create', { name });
    const id = textAt(made, 'experiment_id');
    this.#ids.set(name, id);
    return id;
  }

  async #run(experiment: string, cell: TrackedCell): Promise<KnownRun> {
    const place = `${experiment} ${cell.key}`;
    const known = this.#runs.get(place);
    if (known) return known;
    const id = await this.#experiment(experiment);
    const found = await this.#server.ask('runs/search', {
      experiment_ids: [id],
      filter: `tags."kdpipe.key" = '${cell.key}'`,
      max_results: 1,
    });
    const first = isList(found?.['runs']) ? found['runs'][0] : undefined;
    const run = knownRun(isJsonObject(first) ? first : await this.#create(id, cell));
    this.#runs.set(place, run);
    return run;
  }

  async #create(experiment: string, { cell, group, startedAt, tags }: TrackedCell): Promise<JsonObject> {
    const own = Object.entries({ ...tags, group }).map(([name, value]) => [`kdpipe.${name}`, value] as const);
    const { file, commit } = tags;
    const all = {
      ...Object.fromEntries(own),
      'mlflow.runName': cell,
      'mlflow.source.type': 'JOB',
      ...(file !== undefined && { 'mlflow.source.name': file }),
      ...(commit !== undefined && { 'mlflow.source.git.commit': commit }),
    };
    const created = await this.#server.ask('runs/create', {
      ...{ experiment_id: experiment, run_name: cell, start_time: startedAt },
      tags: listOf(all, LONGEST_TAG),
    });
    return objectAt(created, 'run') ?? {};
  }

  #log({ id }: KnownRun, batch: JsonObject): Promise<JsonObject | undefined> {
    return this.#server.ask('runs/log-batch', { run_id: id, ...batch });
  }

  /** Tells metrics, and in the same call that their steps are there now. */
  async #tell(run: KnownRun, steps: Set<number>, metrics: readonly JsonObject[]): Promise<void> {
    await this.#log(run, { metrics, tags: [{ key: STEPS, value: stepsText(steps) }] });
    run.steps = steps;
  }

  async #tellRows(run: KnownRun, rows: readonly TrackedRow[]): Promise<void> {
    const missing = rows.filter(({ step }) => !run.steps?.has(step));
    const widest = Math.max(1, ...missing.map(({ values }) => Object.keys(values).length));
    for (const some of chunksOf(missing, Math.max(1, Math.floor(MOST_METRICS / widest)))) {
      const steps = new Set([...(run.steps ?? []), ...some.map(({ step }) => step)]);
      await this.#tell(run, steps, some.flatMap(metricsOf));
    }
  }

  /** How it ended, and its results; or that it goes on, where another attempt had ended. */
  async #tellEnd(run: KnownRun, { end, rows }: TrackedCell): Promise<void> {
    const status = end ? STATUS[end.state] : 'RUNNING';
    const endTime = Math.round(end?.at ?? 0);
    if (run.status === status && run.endTime === endTime) return;
    if (end && Object.keys(end.metrics).length > 0)
      await this.#log(run, { metrics: metricsOf({ step: rows.at(-1)?.step ?? 0, at: end.at, values: end.metrics }) });
    await this.#server.ask('runs/update', { run_id: run.id, status, ...(end && { end_time: endTime }) });
    [run.status, run.endTime] = [status, endTime];
  }
}

const metricsOf = ({ step, at, values }: TrackedRow): readonly JsonObject[] =>
  Object.entries(values).map(([name, value]) => ({ key: nameOf(name), value, timestamp: Math.round(at), step }));

/**
 * Opens a tracking server of MLflow.
 *
 * @param options - settings and environment
 * @returns the sink
 * @throws FailureError `bad-tracking-uri` for what is no address of a server
 */
export function open(options: SinkOptions): OpenSink {
  const { settings, environment } = options;
  const target = settings['tracking_uri'] ?? environment['MLFLOW_TRACKING_URI'] ?? '';
  if (!/^https?:\/\/[^@]*$/.test(target) || !URL.canParse(target))
    fail({
      code: 'bad-tracking-uri',
      message:
        target === '' ? 'nobody says where the server of MLflow is' : `${target} is no address of a server of MLflow`,
      expected:
        'tracking_uri or MLFLOW_TRACKING_URI: http://localhost:5000; who asks is said by MLFLOW_TRACKING_USERNAME or _TOKEN',
      fix: 'start one on the folder or database that you have: mlflow server --backend-store-uri …',
    });
  const experiments = new Experiments(new TrackingServer(target, environment));
  return {
    target,
    write: (cell) =>
      experiments.write(settings['experiment'] ?? environment['MLFLOW_EXPERIMENT_NAME'] ?? cell.pipeline, cell),
  };
}
