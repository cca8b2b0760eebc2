import { fileSize } from '../../util/file-size.ts';
import { pluralize } from '../../util/text.ts';
import type { Cost, GpuFacts } from '../../ml/bench/gpu.ts';
import { engineText } from '../engine-text.ts';
import { examineSurroundings } from './examine-surroundings.ts';
import type { Destination, Facts } from './facts.ts';
import type { Finding } from './finding.ts';

const MEBIBYTE = 2 ** 20;
/** Free bytes below which a run can hardly store anything, and below which a study of some size fills the rest. */
const SPACE = { least: 64 * MEBIBYTE, ample: 1024 * MEBIBYTE };
/** Memory below which no more than a small network trains. */
const MEMORY = 1024 * MEBIBYTE;

/** Whether a version is at least `>=major.minor`. */
function isRecent(version: string, wanted: string): boolean {
  const numbers = (text: string): readonly number[] => (text.match(/\d+/g) ?? []).map(Number);
  const [[major = 0, minor = 0], [leastMajor = 0, leastMinor = 0]] = [numbers(version), numbers(wanted)];
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

function node({ version, wanted }: Facts['node']): Finding {
  if (isRecent(version, wanted)) return { subject: 'node', level: 'ok', text: version };
  return { subject: 'node', level: 'problem', text: `${version}, not ${wanted}`, fix: 'install a newer Node' };
}

function machine({ cores, processor, memory, left }: Facts['machine']): Finding {
  const text = `${pluralize(cores, 'core')} (${processor}), ${fileSize(memory)} of memory, ${fileSize(left)} of it free`;
  if (left >= MEMORY) return { subject: 'machine', level: 'ok', text };
  const cost = 'large networks and batches do not fit, or one after the other';
  return {
    subject: 'machine',
    level: 'note',
    text,
    cost,
    fix: 'end other programs, or run fewer stages at once (-j 1)',
  };
}

function environment(failures: Facts['environment']): readonly Finding[] {
  return failures.map(({ message, expected, fix }) => ({
    ...{ subject: 'environment', level: 'problem', text: `${message}; expected ${expected ?? 'another value'}` },
    ...(fix === undefined ? {} : { fix }),
  }));
}

/** What it costs that an engine is not there, beyond its name. */
const costOfMissing: Readonly<Record<string, string>> = {
  native: 'wasm computes the same bits in about twice the time',
  pytorch: 'no GPU that PyTorch has; on a processor native code stands for it',
  tensorflow: 'no GPU that TensorFlow has; on a processor native code stands for it',
};

/** A finding for each engine: what `auto` would rather have and cannot is a note, since the next one gives the same. */
function engines(states: Facts['engines']): readonly Finding[] {
  const all = Object.entries(states);
  const none = all.length > 0 && !all.some(([, { auto }]) => auto);
  return all.map(([name, state]) => {
    const finding = { subject: `engine ${name}`, text: engineText(state) };
    if (state.unavailable === null) return { ...finding, level: 'ok' };
    return none
      ? { ...finding, level: 'problem', fix: 'take a Node with WebAssembly, or engine: reference, which is slow' }
      : {
          ...finding,
          level: 'note',
          ...(Object.hasOwn(costOfMissing, name) && { cost: costOfMissing[name] }),
        };
  });
}

const costText = ({ download, disk }: Cost): string => `${fileSize(download)} to download, ${fileSize(disk)} on disk`;

/** Whether `auto` computes on a GPU; where there may be one and it does not, what would change that. */
function gpu({ gpu: { signs, torchObstacle, costs }, engines: states }: Facts): Finding {
  const subject = 'gpu';
  const why = torchObstacle === null ? '' : `; PyTorch: ${torchObstacle}`;
  if (!signs) return { subject, level: 'ok', text: `no sign of one${why}` };
  const [used] = Object.entries(states).find(([, { auto, onlyByName }]) => auto && onlyByName) ?? [];
  if (used !== undefined) return { subject, level: 'ok', text: `auto computes on it by ${used}` };
  return {
    subject,
    level: 'note',
    text: `a driver is here, and no engine computes on the GPU${why}`,
    fix: `name a Python whose torch does in KDPIPE_PYTHON, or kdpipe engine install tensorflow --gpu (NVIDIA; ${costText(costs.cuda)}): large networks then train in hours, not days`,
  };
}

/** TensorFlow, which has to be installed: what it takes, and for whom it is worth it. */
function tensorflow({ tensorflow: found, costs }: GpuFacts): Finding {
  const subject = 'tensorflow';
  if ('module' in found)
    return {
      subject,
      level: 'ok',
      text: `${found.version}${found.gpu ? ' with CUDA' : ' for processors'}, ${found.module}`,
    };
  const text = `${found.unavailable}: ${costText(costs.cpu)}; --gpu: ${costText(costs.cuda)}; it is for GPUs of NVIDIA, on processors native code is faster`;
  return { subject, level: 'ok', text };
}

function images(obstacle: string | null): Finding {
  if (obstacle === null) return { subject: 'images', level: 'ok', text: 'can be decoded' };
  const fix = 'install kdpipe again on this platform, with optional dependencies (npm ci --include=optional)';
  return { subject: 'images', level: 'problem', text: `cannot be decoded: ${obstacle}`, fix };
}

function workspace({ path, obstacle, free }: Destination): Finding {
  const subject = 'workspace';
  const text = `${path}, ${fileSize(free)} free`;
  if (obstacle !== null)
    return { subject, level: 'problem', text: obstacle, fix: 'run kdpipe in a folder that you may write to' };
  if (free >= SPACE.ample) return { subject, level: 'ok', text };
  return { subject, level: free < SPACE.least ? 'problem' : 'note', text, fix: 'make room: kdpipe gc' };
}

function cache(found: Destination | null): Finding {
  const text = 'the self-check of native code is made anew by every process';
  const fix = 'set XDG_CACHE_HOME to a folder that you may write to';
  if (found === null) return { subject: 'cache', level: 'note', text: `no home folder: ${text}`, fix };
  if (found.obstacle === null) return { subject: 'cache', level: 'ok', text: found.path };
  return { subject: 'cache', level: 'note', text: `${found.obstacle}: ${text}`, fix };
}

function terminal({ columns, color }: Facts['terminal']): Finding {
  const text =
    columns === null ? 'none: progress is written line by line' : `${columns} columns${color ? ', colours' : ''}`;
  return { subject: 'terminal', level: 'ok', text };
}

/**
 * Says what a run would find here.
 *
 * @param facts - of this machine
 * @returns a finding a subject, several for engines
 */
export function examine(facts: Facts): readonly Finding[] {
  return [
    node(facts.node),
    machine(facts.machine),
    ...environment(facts.environment),
    ...engines(facts.engines),
    gpu(facts),
    tensorflow(facts.gpu),
    images(facts.images),
    workspace(facts.workspace),
    ...examineSurroundings(facts),
    cache(facts.cache),
    terminal(facts.terminal),
  ];
}
