/**
 * A file layer that refuses: loaded before kdpipe by `node --import`, it lets every call of `node:fs` on a path below
 * `FAULT_ROOT` through until the one with the number `FAULT_AT`, among those that can fail with `FAULT_CODE`, in the process
 * `FAULT_ROLE` (runner or worker). `FAULT_ON` refuses all further ones, too. `FAULT_LOG` takes the number of calls.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';

const {
  FAULT_ROOT: root = '',
  FAULT_ROLE: wanted,
  FAULT_AT,
  FAULT_ON: on,
  FAULT_CODE: code,
  FAULT_LOG: log,
} = process.env;
const role = process.argv[1]?.endsWith('worker/main.js') ? 'worker' : 'runner';
const at = Number(FAULT_AT);

const opening = ['open', 'readFile', 'writeFile', 'appendFile', 'readdir', 'opendir', 'copyFile'];
const writing = [
  'write',
  'writeFile',
  'appendFile',
  'mkdir',
  'rename',
  'link',
  'fsync',
  'copyFile',
  'datasync',
  'sync',
];
const others = [
  'read',
  'stat',
  'lstat',
  'fstat',
  'unlink',
  'rmdir',
  'rm',
  'chmod',
  'fchmod',
  'utimes',
  'realpath',
  'readlink',
];
const errnos = { ENOSPC: -28, EIO: -5, EACCES: -13, EMFILE: -24 };

/** Whether a call can fail so. */
function applies(name, args) {
  if (code === 'EIO') return true;
  if (code === 'EMFILE') return opening.includes(name) && typeof args[0] !== 'number';
  if (code === 'EACCES') return typeof args[0] !== 'number' && name !== 'sync' && name !== 'read' && name !== 'write';
  return writing.includes(name) || (name === 'open' && /[wax+]/.test(String(args[1] ?? 'r')));
}

/** Paths of open files below the root. */
const open = new Map();
let count = 0;

function pathOf(target) {
  if (typeof target === 'number') return open.get(target);
  return target instanceof URL ? undefined : resolve(String(target));
}
const isOurs = (path) => path !== undefined && (path === root || path.startsWith(`${root}/`));

/** The refusal of a call; nothing where it goes through. */
function refusal(name, path, args) {
  if (role !== wanted || !isOurs(path) || !applies(name, args)) return undefined;
  count++;
  if (count !== at && !(on && count > at)) return undefined;
  const error = new Error(`${code}: refused by the trial, ${name} '${path}'`);
  return Object.assign(error, { code, errno: errnos[code], syscall: name, path });
}

function note(result, path) {
  if (typeof result === 'number' && isOurs(path)) open.set(result, path);
  return result;
}

for (const name of new Set([...opening, ...writing, ...others])) {
  const [sync, later, promised] = [fs[`${name}Sync`], fs[name], fs.promises[name]];
  if (sync)
    fs[`${name}Sync`] = Object.assign((...args) => {
      const path = pathOf(args[0]);
      const refused = refusal(name, path, args);
      if (refused) throw refused;
      const result = sync(...args);
      return name === 'open' ? note(result, path) : result;
    }, sync);
  if (later) {
    const wrapped = (...args) => {
      const path = pathOf(args[0]);
      const refused = refusal(name, path, args);
      const callback = args.at(-1);
      if (refused && typeof callback === 'function') return void process.nextTick(callback, refused);
      if (name !== 'open' || typeof callback !== 'function') return later(...args);
      return later(...args.slice(0, -1), (error, result) => callback(error, note(result, path)));
    };
    // `promisify` asks for what a function says of itself, by symbols.
    for (const key of Reflect.ownKeys(later)) {
      const property = Object.getOwnPropertyDescriptor(later, key);
      if (property?.configurable && key !== 'name' && key !== 'length') Object.defineProperty(wrapped, key, property);
    }
    fs[name] = wrapped;
  }
  if (promised)
    fs.promises[name] = async (...args) => {
      const target = args[0];
      // A file handle stands for its path elsewhere.
      if (typeof target === 'object' && !(target instanceof URL) && !Buffer.isBuffer(target)) return promised(...args);
      const refused = refusal(name, pathOf(target), args);
      if (refused) throw refused;
      const result = await promised(...args);
      if (name === 'open') paths.set(result, pathOf(target));
      return result;
    };
}

/** Paths of open handles. */
const paths = new WeakMap();
const handle = await fs.promises.open('/dev/null');
const prototype = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['read', 'write', 'stat', 'readFile', 'writeFile', 'appendFile', 'sync', 'datasync']) {
  const method = prototype[name];
  prototype[name] = async function (...args) {
    const path = paths.get(this);
    const refused = refusal(name, path, [0]);
    if (refused) throw refused;
    return method.apply(this, args);
  };
}
syncBuiltinESMExports();

const append = fs.appendFileSync;
if (log) process.on('exit', () => append(log, `${role} ${count}\n`));
