import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { readMetrics } from '../../../src/stages/command/metrics-file.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-metrics-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (name: string, text: string): Promise<JsonObject> => {
  writeFileSync(join(folder, name), text);
  return readMetrics(join(folder, name), name);
};
const problem = async (name: string, text: string) => {
  const error = await read(name, text).catch((thrown: unknown) => thrown);
  return error instanceof FailureError ? error.failures[0] : error;
};

describe('metrics in JSON', () => {
  it('are read as they stand', async () => {
    const metrics = { val: { accuracy: 0.75, mpa: null }, steps: 3 };
    expect(await read('a.json', JSON.stringify(metrics))).toEqual(metrics);
  });

  it.each(['', '{', '[1]', '3', 'null', '{"loss": NaN}'])('are refused when they are %j', async (text) => {
    expect(await problem('b.json', text)).toMatchObject({
      code: 'metrics-malformed',
      message: expect.stringContaining('b.json'),
    });
  });
});

describe('metrics in YAML', () => {
  it('are read, and numbers that are not finite are null', async () => {
    expect(await read('a.yaml', 'val: { accuracy: 0.5 }\nloss: .nan\nbest: -.inf\nall: [1, .inf]\n')).toEqual({
      ...{ val: { accuracy: 0.5 }, loss: null, best: null, all: [1, null] },
    });
    expect(await read('a.YML', 'accuracy: 1\n')).toEqual({ accuracy: 1 });
  });

  it.each(['a: [', '- 1\n', 'a: 1\na: 2\n', ''])('are refused when they are %j', async (text) => {
    expect(await problem('b.yml', text)).toMatchObject({ code: 'metrics-malformed' });
  });
});

describe('metrics in CSV', () => {
  it('are those of the last row, dotted columns nested', async () => {
    const text = 'epoch,val.accuracy,val.mpa,note\n1,0.5,0.4,start\n2,0.75,,"half, way"\n';
    expect(await read('a.csv', text)).toEqual({ epoch: 2, val: { accuracy: 0.75, mpa: null }, note: 'half, way' });
  });

  it('take quotes, CRLF, blank lines, NaN and a missing line end', async () => {
    expect(await read('b.csv', '"a ""x""",b,c\r\n\r\n1,nan,-Inf\r\n\r\n2,3,"two\nlines"')).toEqual({
      ...{ 'a "x"': 2, b: 3, c: 'two\nlines' },
    });
    expect(await read('c.csv', 'a,b\n1,nan\n')).toEqual({ a: 1, b: null });
  });

  it.each([
    ['', 'no row after the header'],
    ['a,b\n', 'no row after the header'],
    ['a,b\n1\n', '1 fields, its header 2'],
    ['a,a.b\n1,2\n', 'a value and a group'],
  ])('are refused when they are %j', async (text, message) => {
    expect(await problem('d.csv', text)).toMatchObject({
      code: 'metrics-malformed',
      message: expect.stringContaining(message),
    });
  });

  it('hold any numbers that any writer with any quoting wrote', async () => {
    const numbers = fc.array(
      fc.record({ value: fc.double({ noNaN: true, noDefaultInfinity: true }), quoted: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(numbers, async (fields) => {
        const header = fields.map((_, at) => `c${at}`).join(',');
        const row = fields.map(({ value, quoted }) => (quoted ? `"${value}"` : `${value}`)).join(',');
        const metrics = await read('p.csv', `${header}\n${row}\n`);
        fields.forEach(({ value }, at) => expect(metrics[`c${at}`]).toBe(Number(`${value}`)));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a metrics file that is not there', () => {
  it('is a failure that says what to do', async () => {
    await expect(readMetrics(join(folder, 'none.json'), 'none.json')).rejects.toMatchObject({
      failures: [{ code: 'metrics-missing', expected: 'the file $KDPIPE_OUT/none.json, as metrics says' }],
    });
  });
});
