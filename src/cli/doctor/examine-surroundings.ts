import { duration } from '../../util/duration.ts';
import { fileSize } from '../../util/file-size.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './finding.ts';

const MEBIBYTE = 2 ** 20;
/** A disk below which results are waited for: bytes a second, and seconds until one is stored. */
const slow = { written: 30 * MEBIBYTE, commit: 0.05 };
/** Seconds by which clocks of one machine may seem to differ: file systems keep times in steps. */
const clockSteps = 2;
/** Memory that batches are handed to another process through, below which large ones do not fit. */
const leastShared = 256 * MEBIBYTE;

function fileSystem({ fileSystem: found, workspace }: Facts): Finding {
  const subject = 'file system';
  if (found === null) return { subject, level: 'ok', text: `of ${workspace.path}: not known on this system` };
  const text = `${found.type}, of ${workspace.path}`;
  if (found.isShared)
    return {
      subject,
      level: 'note',
      text: `${text}: other machines may write there, too`,
      cost: 'each result is flushed over the network; other hosts are seen by a heartbeat, so that a key whose host was lost is waited for for a minute',
      fix: 'where one machine computes alone, a workspace on its own disk is faster',
    };
  const gone = { tmpfs: 'when this machine is switched off', overlay: 'with its container, unless that is kept' };
  const when = Object.hasOwn(gone, found.type) ? gone[found.type as keyof typeof gone] : undefined;
  if (when === undefined) return { subject, level: 'ok', text };
  return { subject, level: 'note', text, cost: `results go ${when}`, fix: 'run in a folder of a disk or a volume' };
}

function disk({ disk: found }: Facts): readonly Finding[] {
  const subject = 'disk';
  // Where nothing can be written the workspace's own finding says so.
  if (!found) return [];
  const text = `${fileSize(found.written)}/s written, ${(1000 * found.commit).toFixed(1)} ms until a result is stored`;
  if (found.written >= slow.written && found.commit <= slow.commit) return [{ subject, level: 'ok', text }];
  const cost = `1,000 cells wait ${duration(1000 * found.commit)} for it, 10 GB of decoded pictures ${duration(1e10 / found.written)}`;
  return [{ subject, level: 'note', text, cost, fix: 'run in a folder of a faster disk' }];
}

function clock({ disk: found, clock: { latestRun, now } }: Facts): Finding {
  const subject = 'clock';
  const cost = 'times of records and logs are wrong, and changed files are read more often; results are not touched';
  if (latestRun !== null && latestRun > now + 60_000)
    return {
      subject,
      level: 'note',
      text: `${new Date(now).toISOString()}, ${duration((latestRun - now) / 1000)} before the latest run here`,
      cost: `${cost}; the latest run is not the last one`,
      fix: 'set the clock (chrony, systemd-timesyncd)',
    };
  const ahead = found?.ahead ?? 0;
  if (Math.abs(ahead) <= clockSteps) return { subject, level: 'ok', text: new Date(now).toISOString() };
  const how = `${duration(Math.abs(ahead))} ${ahead > 0 ? 'ahead' : 'behind'}`;
  const fix = 'let both take their time from one source (chrony, systemd-timesyncd)';
  return { subject, level: 'note', text: `the file system's is ${how} of this machine's`, cost, fix };
}

/** What hands batches to PyTorch. */
function sharedMemory({ sharedMemory: free, engines }: Facts): readonly Finding[] {
  const subject = 'shared memory';
  const isUsed = engines['pytorch']?.unavailable === null;
  if (!isUsed) return [];
  if (free !== null && free >= leastShared) return [{ subject, level: 'ok', text: `${fileSize(free)} free` }];
  return [
    {
      subject,
      level: 'note',
      text: free === null ? 'there is no /dev/shm' : `${fileSize(free)} free in /dev/shm`,
      cost: 'engine pytorch gets its batches through a pipe: 64 images of 224² then take 112 ms of processor time, not 15',
      fix: 'give the container more: docker run --shm-size=2g',
    },
  ];
}

function slurm({ slurm: found }: Facts): Finding {
  const subject = 'slurm';
  if (!found) return { subject, level: 'ok', text: 'not here: only --executor slurm needs it' };
  const { version, partitions, said } = found;
  if (partitions && partitions.length > 0)
    return { subject, level: 'ok', text: `${version}, partitions ${partitions.join(', ')}` };
  return {
    subject,
    level: 'note',
    text: `${version}, ${partitions ? 'which shows no partition' : `whose controller does not answer: ${said.split('\n')[0] ?? ''}`}`,
    cost: '--executor slurm submits nothing',
    fix: 'ask those who run the cluster; meanwhile --executor local runs here',
  };
}

function onnxRuntime({ onnxRuntime: found }: Facts): Finding {
  const subject = 'onnx runtime';
  if ('version' in found) return { subject, level: 'ok', text: found.version };
  return {
    subject,
    level: 'ok',
    text: `${found.unavailable}: some 300 MB; without it exported ONNX files are not compared, and no ONNX file can be a teacher`,
  };
}

function git({ git: version }: Facts): Finding {
  const subject = 'git';
  if (version !== null) return { subject, level: 'ok', text: version };
  const cost = 'records and tables do not say at which commit a run was';
  return { subject, level: 'note', text: 'not here', cost, fix: 'install git' };
}

/**
 * Says what a run finds around it: where its results go, the clock, and programs that it may call.
 *
 * @param facts - of this machine
 * @returns findings
 */
export function examineSurroundings(facts: Facts): readonly Finding[] {
  return [
    fileSystem(facts),
    ...disk(facts),
    clock(facts),
    ...sharedMemory(facts),
    slurm(facts),
    onnxRuntime(facts),
    git(facts),
  ];
}
