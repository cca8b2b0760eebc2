import { chmodSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { emptyTwin, fillTwin, makeTwin } from '../../../../src/util/twin-memory.ts';
import { createEngine } from '../../../../src/ml/engines/create-engine.ts';
import { Channel } from '../../../../src/ml/engines/pytorch/channel.ts';
import { NO_CONTROLS } from '../../../../src/ml/engines/steps.ts';
import { PyTorchExecutor } from '../../../../src/ml/engines/pytorch/executor.ts';

/** A program in JavaScript that answers each request with its values twice, shares memory, and ends at a request to `end`. */
const ECHO = `
const fs = require('fs');
const MAPS = true;
const memory = {};
let held = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  held = Buffer.concat([held, chunk]);
  for (;;) {
    if (held.length < 4) return;
    const size = held.readUInt32LE();
    if (held.length < 4 + size) return;
    const header = JSON.parse(held.subarray(4, 4 + size));
    if (held.length < 4 + size + header.payload) return;
    if (header.request === 'map' && MAPS) memory[header.memory] = fs.openSync(header.path);
    if (header.request === 'end') { process.stderr.write('no more'); process.exit(7); }
    let values = held.subarray(4 + size, 4 + size + header.payload);
    if (header.mapped) fs.readSync(memory[header.mapped.memory], (values = Buffer.alloc(header.mapped.bytes)), 0, values.length, 0);
    if (header.request === 'unmap') fs.closeSync(memory[header.memory]);
    held = held.subarray(4 + size + header.payload);
    const full = header.request === 'run' && header.runs[0].section === 'full';
    const refused = header.request === 'map' && !MAPS && { code: 'failed', message: 'not here' };
    const error = full || (header.request === 'allocate' && header.size > 1000) ? { code: 'out-of-memory', message: 'none left', ...(full && { run: 0 }) } : refused || undefined;
    const text = Buffer.from(JSON.stringify({ ...header, error, payload: 2 * values.length }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    process.stdout.write(Buffer.concat([length, text, values, values]));
  }
});
`;

const open: Channel[] = [];
const channel = (program: string): Channel => {
  const made = new Channel({ command: process.execPath, args: ['-e', program] });
  open.push(made);
  return made;
};
const executor = (): PyTorchExecutor =>
  new PyTorchExecutor(channel(ECHO), {
    python: '3',
    torch: '2',
    device: 'cpu',
    threads: 1,
    half: null,
    noGpu: 'no driver',
  });

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe('a channel', () => {
  it.each([
    ['through memory that both share', ECHO],
    ['through the pipe, where the program cannot', ECHO.replace('MAPS = true', 'MAPS = false')],
  ])('gives the answer of each request, however long, %s', (_, program) => {
    const echo = channel(program);
    for (const count of [0, 1, 100_000, 3_000_000, 2, 200_000]) {
      const values = new Float32Array(count).map((_, at) => at % 1021);
      const answer = echo.ask({ request: 'twice', count }, values);
      if ('ended' in answer) throw new Error(answer.ended);
      expect(answer.header).toMatchObject({ request: 'twice', count, payload: 8 * count });
      const isShared = existsSync('/dev/shm') && program === ECHO && count >= 100_000;
      expect(answer.header['mapped']).toEqual(isShared ? { memory: expect.any(Number), bytes: 4 * count } : undefined);
      const twice = Buffer.concat([values, values].map((one) => Buffer.from(one.buffer)));
      expect(twice.equals(Buffer.from(answer.values.buffer))).toBe(true);
    }
  });

  it.skipIf(!existsSync('/dev/shm'))('takes values from where a thread has put them, as long as they are these', () => {
    const echo = channel(ECHO);
    const buffer = new SharedArrayBuffer(400_000);
    const values = new Float32Array(buffer);
    const twin = makeTwin(buffer)!;
    const ask = (from: Float32Array) => {
      const answer = echo.ask({ request: 'twice' }, from);
      if ('ended' in answer) throw new Error(answer.ended);
      const { memory } = answer.header['mapped'] as { readonly memory: number };
      return { memory, first: answer.values[0], last: answer.values.at(-1) };
    };
    values.fill(1);
    fillTwin(twin, values.subarray(0, 90_000));
    // What the buffer has become meanwhile is not looked at: nothing is copied.
    values.fill(2);
    expect(ask(values.subarray(0, 80_000))).toEqual({ memory: 0, first: 1, last: 1 });
    expect(ask(values)).toEqual({ memory: 1, first: 2, last: 2 });
    emptyTwin(twin);
    expect(ask(values.subarray(0, 80_000))).toEqual({ memory: 1, first: 2, last: 2 });
    fillTwin(twin, values);
    expect(ask(values)).toEqual({ memory: 0, first: 2, last: 2 });
    twin.close();
    expect(ask(values)).toEqual({ memory: 1, first: 2, last: 2 });
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith(`kdpipe-${process.pid}-`))).toEqual([]);
  });

  it.skipIf(!existsSync('/dev/shm'))('leaves no name of what it shares', () => {
    channel(ECHO).ask({ request: 'twice' }, new Float32Array(100_000));
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith(`kdpipe-${process.pid}-`))).toEqual([]);
  });

  it('says how its program ended, at that request and at each after it', () => {
    const echo = channel(ECHO);
    for (const request of ['end', 'twice'])
      expect(echo.ask({ request })).toEqual({ ended: 'exit code 7', said: 'no more' });
  });
});

describe('the pytorch engine', () => {
  it('says that its process is gone, and what helps', () => {
    const one = executor();
    const region = one.allocate(10);
    expect(() => {
      one.compile(
        { sizes: [], offsets: [], floats: 0, valueFloats: 0, portFloats: 0, sections: {}, ports: {} },
        { step: region },
      );
      open[0]!.ask({ request: 'end' });
      one.free(region);
    }).toThrow(/the process of the pytorch engine ended: exit code 7\nno more/);
  });

  it('says that a device has no memory left', () => {
    expect(() => executor().allocate(5000)).toThrow(/no memory left: none left/);
  });

  it.each([
    ['/no/python', /cannot run here: there is no \/no\/python/],
    [process.execPath, /cannot run here: .* ended with exit code \d+/],
  ])('says why it cannot run with KDPIPE_PYTHON=%s', async (python, reason) => {
    vi.stubEnv('KDPIPE_PYTHON', python);
    await expect(createEngine('pytorch', { threads: 1 })).rejects.toThrow(reason);
  });

  it.skipIf(process.platform === 'win32').each([
    [
      `#!/bin/sh\necho "ModuleNotFoundError: No module named 'torch'" >&2\nexit 1\n`,
      /has no torch \(pip install torch/,
    ],
    ['#!/bin/sh\necho "torch 1.9 is too old: 2.5 or later" >&2\nexit 1\n', /torch 1\.9 is too old: 2\.5 or later/],
  ])('says what is wrong with a Python: %j', async (program, reason) => {
    const python = join(mkdtempSync(join(tmpdir(), 'python-')), 'python');
    writeFileSync(python, program);
    chmodSync(python, 0o755);
    vi.stubEnv('KDPIPE_PYTHON', python);
    await expect(createEngine('pytorch', { threads: 1 })).rejects.toThrow(reason);
  });

  it('says why it has no GPU, and that nothing is rounded behind its back', () => {
    expect(executor().description).toMatchObject({ device: 'cpu', gpu: 'none: no driver', tf32: false });
  });

  it('says what helps where the device has no memory for a run', () => {
    const one = executor();
    const empty = { sizes: [], offsets: [], floats: 0, valueFloats: 0, portFloats: 0, ports: {} };
    const executable = one.compile({ ...empty, sections: { full: [] } }, {}, 1, () => 'batch_size: 4');
    expect(() => executable.run('full', NO_CONTROLS)).toThrow(
      expect.objectContaining({ failures: [expect.objectContaining({ code: 'does-not-fit', fix: 'batch_size: 4' })] }),
    );
  });
});
