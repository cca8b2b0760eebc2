// A thread that talks to a program: frames go to its standard input, answers come from its standard output. The thread
// that asks sleeps meanwhile. A frame: length of a header (4 bytes, little-endian), header (JSON), as many bytes of
// values as its `payload` says.
import { spawn } from 'node:child_process';
import { workerData } from 'node:worker_threads';

const { command, args, env, cwd, port, answers } = workerData;
const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
let said = '';
let ended = null;
let open = 0;
let chunks = [];
let held = 0;

/** Wakes the asker. */
function tell(message, transfer) {
  port.postMessage(message, transfer);
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
}

/** The first bytes of what has come, when there are as many; one copy. */
function taken(from, count) {
  const all = Buffer.allocUnsafeSlow(count);
  let [at, skip] = [0, from];
  for (const chunk of chunks) {
    if (at === count) break;
    if (skip >= chunk.length) {
      skip -= chunk.length;
      continue;
    }
    at += chunk.copy(all, at, skip, Math.min(chunk.length, skip + count - at));
    skip = 0;
  }
  return all;
}

function answer() {
  if (held < 4) return;
  const size = taken(0, 4).readUInt32LE();
  if (held < 4 + size) return;
  const header = JSON.parse(taken(4, size).toString());
  const { payload } = header;
  if (held < 4 + size + payload) return;
  const { buffer } = taken(4 + size, payload);
  // One request, one answer: nothing is left behind.
  [chunks, held] = [[], 0];
  open--;
  tell({ header, values: new Float32Array(buffer) }, [buffer]);
}

function end(how) {
  ended ??= { ended: how, said: said.trim() };
  for (; open > 0; open--) tell(ended);
}

child.stdout.on('data', (chunk) => {
  chunks.push(chunk);
  held += chunk.length;
  answer();
});
child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4000)));
child.stdin.on('error', () => {});
child.on('error', (error) => end(error.code ?? error.message));
child.on('close', (code, signal) => end(signal ?? `exit code ${code}`));

port.on('message', ({ header, values }) => {
  if (header === null) {
    child.stdin.end();
    port.close();
    return;
  }
  open++;
  if (ended) {
    end();
    return;
  }
  const text = Buffer.from(JSON.stringify({ ...header, payload: values?.byteLength ?? 0 }));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  child.stdin.write(Buffer.concat([size, text]));
  if (values) child.stdin.write(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
});
