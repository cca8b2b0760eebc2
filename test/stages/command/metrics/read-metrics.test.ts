import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../../../src/core/failure.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import { readMetrics } from '../../../../src/stages/command/metrics/read-metrics.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-metrics-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (name: string, text: string | Uint8Array): Promise<JsonObject> => {
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

  it('miss the numbers that JSON does not have, as Python and others write them', async () => {
    const text =
      '{"loss": NaN, "best": Infinity, "worst": [-Infinity, 1e999], "val": {"f1": nan, "mpa": -inf}, "acc": 0.5}';
    const metrics = { loss: null, best: null, worst: [null, null], val: { f1: null, mpa: null }, acc: 0.5 };
    expect(await read('n.json', text)).toEqual(metrics);
  });

  it('keep texts that such a word is only a part of', async () => {
    const metrics = { note: 'NaN at step 3, -Infinity later: \\"nan"', 'Infinity war': 'nancy', loss: null };
    expect(await read('t.json', JSON.stringify(metrics).replace('null', 'NaN'))).toEqual(metrics);
  });

  it.each(['', '{', '[1]', '3', 'null', '{"loss": NaN'])('are refused when they are %j', async (text) => {
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
    expect(await read('b.yaml', 'loss: nan\nbest: -inf\ntop: "Infinity"\nnote: info\n')).toEqual({
      ...{ loss: null, best: null, top: null, note: 'info' },
    });
  });

  it.each(['a: [', '- 1\n', 'a: 1\na: 2\n', ''])('are refused when they are %j', async (text) => {
    expect(await problem('b.yml', text)).toMatchObject({ code: 'metrics-malformed' });
  });
});

describe('metrics in CSV', () => {
  it('are those of the last row, dotted columns nested', async () => {
    const text = 'epoch,val.accuracy,val.mpa,note\n1,0.5,0.4,start\n2,0.75,0.3,"half, way"\n';
    expect(await read('a.csv', text)).toEqual({ epoch: 2, val: { accuracy: 0.75, mpa: 0.3 }, note: 'half, way' });
  });

  it('are the last values that are there, as Lightning writes training and validation in rows of their own', async () => {
    const text = 'epoch,step,train.loss,val.accuracy,test\n0,1,,0.75,\n0,1,0.625,,\n1,3,,0.875,\n1,3,0.5, ,\n';
    expect(await read('l.csv', text)).toEqual({
      epoch: 1,
      step: 3,
      train: { loss: 0.5 },
      val: { accuracy: 0.875 },
      test: null,
    });
  });

  it('may have names that every object has, and write nothing on any', async () => {
    const text = '__proto__.polluted,__proto__.toString,constructor.prototype.polluted,toString,valueOf.a\n1,2,3,4,5\n';
    const metrics = await read('o.csv', text);
    expect(JSON.stringify(metrics)).toBe(
      '{"__proto__":{"polluted":1,"toString":2},"constructor":{"prototype":{"polluted":3}},"toString":4,"valueOf":{"a":5}}',
    );
    expect({}).not.toHaveProperty('polluted');
    expect(Object.prototype.toString.call([])).toBe('[object Array]');
  });

  it('take blanks around quotes, and columns without a name that hold nothing', async () => {
    expect(await read('s.csv', '"a", "b" ,,\n"1", "2",,\n')).toEqual({ a: 1, b: 2 });
    expect(await read('i.csv', ',a\n0,1\n')).toEqual({ '': 0, a: 1 });
  });

  it('of a column that ends in NaN are missing, whatever stood above: the training diverged', async () => {
    expect(await read('d.csv', 'epoch,loss,acc\n0,0.5,0.9\n1,nan,\n')).toEqual({ epoch: 1, loss: null, acc: 0.9 });
  });

  it('are not those of a row of another width, whose fields stand under other columns', async () => {
    expect(await read('w.csv', 'a,b\n1,2\n7,8,9\n3,\n')).toEqual({ a: 3, b: 2 });
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
    ['a.b,a\n1,2\n', 'a value and a group'],
    ['a,b, a\n1,2,3\n', 'it has two columns "a"'],
    ['v.a,b,v.a\n1,2,3\n', 'it has two columns "v.a"'],
    ['a,b\n1,"2\n3,4\n', 'the quote that line 2 opens is not closed'],
    ['a,b\n1,2\n "3,4\n', 'the quote that line 3 opens is not closed'],
    ['a,b\n"1"2,3\n', 'line 2 goes on after a closing quote'],
    ['"a\n"b,c\n1,2\n', 'line 2 goes on after a closing quote'],
    ['a,b\n5" disk,3\n', 'line 2 has a quote inside a field without quotes'],
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

describe('a metrics file with a byte-order mark', () => {
  it.each([
    ['json', '{"a": 1}'],
    ['yaml', 'a: 1\n'],
    ['csv', 'a\n1\n'],
  ])('is read without it: %s, in UTF-8 and UTF-16', async (ending, text) => {
    const little = Buffer.from(`\ufeff${text}`, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const bytes of [Buffer.from(`\ufeff${text}`), little, big])
      expect(await read(`bom.${ending}`, bytes)).toEqual({ a: 1 });
  });
});

describe('a metrics file that is not there', () => {
  it('is a failure that says what to do', async () => {
    await expect(readMetrics(join(folder, 'none.json'), 'none.json')).rejects.toMatchObject({
      failures: [{ code: 'metrics-missing', expected: 'the file $KDPIPE_OUT/none.json, as metrics says' }],
    });
  });
});
