import { describe, expect, it } from 'vitest';
import { deathFailure, lastWords } from '../../src/executors/death.ts';
import { isCrash } from '../../src/util/crash.ts';

const fatal = `

#
# Fatal error in , line 0
# Check failed: it is not so.
#
#
#
#FailureMessage Object: 0x7ffd42a2a6a0
----- Native stack trace -----

 1: 0xa9e1c1  [/opt/node/bin/node]
 2: 0x29452b1 V8_Fatal(char const*, ...) [/opt/node/bin/node]
12: 0x2a45d72  [/opt/node/bin/node]
`;
const heap = `
<--- Last few GCs --->
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xa9e1c1  [/opt/node/bin/node]
`;

describe('lastWords', () => {
  it('keeps what V8 says of its end, not the addresses after it', () => {
    expect(lastWords(`step 1\n${fatal}`)).toEqual([
      'step 1',
      '# Fatal error in , line 0',
      '# Check failed: it is not so.',
    ]);
  });

  it('keeps twenty lines at most, and none of an output that is empty', () => {
    const lines = Array.from({ length: 50 }, (_, at) => `line ${at}`);
    expect(lastWords(lines.join('\n'))).toEqual(lines.slice(-20));
    expect(lastWords('')).toEqual([]);
  });

  it('keeps the frames of an exception', () => {
    const exception = 'Error: no\n    at file:///x.js:1:2\nNode.js v26.12.1';
    expect(lastWords(exception)).toEqual(exception.split('\n'));
  });
});

describe('deathFailure', () => {
  const failureOf = (exit: Parameters<typeof deathFailure>[0], output = '') => deathFailure(exit, lastWords(output));

  it('of a crash names the Node and what to try', () => {
    const { message, fix } = failureOf({ signal: 'SIGTRAP' }, fatal);
    expect(message).toBe('the worker process that ran it was killed by SIGTRAP');
    expect(fix).toContain(process.versions.node);
    expect(fix).toContain('KDPIPE_NATIVE=off');
  });

  it('of a full heap says how to have a larger one, by whatever signal it ended', () => {
    for (const signal of ['SIGABRT', 'SIGTRAP'])
      expect(failureOf({ signal }, heap).fix).toContain('NODE_OPTIONS=--max-old-space-size');
  });

  it('of SIGKILL suspects memory, and of an exit code nothing', () => {
    expect(failureOf({ signal: 'SIGKILL' }).fix).toContain('out of memory');
    expect(failureOf({ exitCode: 3 })).toEqual({
      code: 'worker-died',
      message: 'the worker process that ran it exited with code 3',
    });
    expect(failureOf({}).message).toContain('code unknown');
  });
});

describe('isCrash', () => {
  it('tells what a process did to itself from what others did to it', () => {
    expect(['SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGFPE'].every(isCrash)).toBe(true);
    expect(['SIGKILL', 'SIGTERM', 'SIGINT', undefined].some(isCrash)).toBe(false);
  });
});
