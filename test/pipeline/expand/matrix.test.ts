import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellReference, type Value } from '../../../src/core/plan.ts';
import {
  axisValue,
  expandMatrix,
  type AxisGroup,
  type MatrixEntry,
  type MatrixValues,
  type Reach,
} from '../../../src/pipeline/expand/matrix.ts';

type Plain = Readonly<Record<string, Value>>;

const location = { path: [] };

/** Cells `r50` and `r18` with one parameter, for keys that reach through. */
const reach: Reach = (value, keys) => {
  if (keys.length === 0) return value;
  const model = value instanceof CellReference && keys.join('.') === 'model' ? value.cell.slice(1) : undefined;
  return model;
};

const groupOf = (names: readonly string[], rows: readonly (readonly Value[])[]): AxisGroup => ({
  names,
  rows: rows.map((row) => row.map((value) => axisValue(value, location))),
});

const entryOf = (values: Plain): MatrixEntry => ({
  location,
  values: new Map(Object.entries(values).map(([key, value]) => [key, axisValue(value, location)])),
});

const axesOf = (axes: Readonly<Record<string, readonly Value[]>>): AxisGroup[] =>
  Object.entries(axes).map(([name, values]) =>
    groupOf(
      [name],
      values.map((value) => [value]),
    ),
  );

interface Written {
  readonly axes?: Readonly<Record<string, readonly Value[]>>;
  readonly zip?: Readonly<Record<string, readonly Value[]>>;
  readonly include?: readonly Plain[];
  readonly exclude?: readonly Plain[];
  readonly replaced?: readonly string[];
}

function matrixOf({ axes = {}, zip, include = [], exclude = [], replaced = [] }: Written): MatrixValues {
  const names = Object.keys(zip ?? {});
  const rows = (zip?.[names[0] ?? ''] ?? []).map((_, row) => names.map((name) => zip?.[name]?.[row] ?? null));
  return {
    groups: [...axesOf(axes), ...(zip ? [groupOf(names, rows)] : [])],
    include: include.map(entryOf),
    exclude: exclude.map(entryOf),
    replaced: new Set(replaced),
  };
}

const expand = (written: Written): Plain[] =>
  expandMatrix(matrixOf(written), reach).combinations.map((combination) =>
    Object.fromEntries([...combination].map(([name, { value }]) => [name, value])),
  );

describe('expandMatrix', () => {
  it('makes the product of its axes; the last axis by name runs fastest', () => {
    expect(expand({ axes: { b: [1, 2], a: ['x', 'y'] } })).toEqual([
      { a: 'x', b: 1 },
      { a: 'x', b: 2 },
      { a: 'y', b: 1 },
      { a: 'y', b: 2 },
    ]);
  });

  it('lets axes that hold cells run slowest', () => {
    const [t, u] = [new CellReference('t'), new CellReference('u')];
    expect(expand({ axes: { a: [1, 2], z: [t, u] } })).toEqual([
      { z: t, a: 1 },
      { z: t, a: 2 },
      { z: u, a: 1 },
      { z: u, a: 2 },
    ]);
  });

  it('keeps the order of values in a list', () => {
    expect(expand({ axes: { a: ['SoftTarget', 'MGD', 'AT'] } }).map(({ a }) => a)).toEqual(['SoftTarget', 'MGD', 'AT']);
  });

  it('walks the lists of a zip together, and crosses them with the other axes', () => {
    expect(expand({ axes: { s: [0, 1] }, zip: { m: ['a', 'b'], lr: [1, 2] } })).toEqual([
      { lr: 1, m: 'a', s: 0 },
      { lr: 1, m: 'a', s: 1 },
      { lr: 2, m: 'b', s: 0 },
      { lr: 2, m: 'b', s: 1 },
    ]);
  });

  it('is empty without axes and include', () => {
    expect(expand({})).toEqual([]);
  });

  it('leaves out what exclude matches in all of its keys', () => {
    expect(expand({ axes: { m: ['AT', 'MGD'], ema: [false, true] }, exclude: [{ m: 'AT', ema: true }] })).toEqual([
      { ema: false, m: 'AT' },
      { ema: false, m: 'MGD' },
      { ema: true, m: 'MGD' },
    ]);
  });

  it('excludes through a cell', () => {
    const [r50, r18] = [new CellReference('r50'), new CellReference('r18')];
    expect(expand({ axes: { teacher: [r50, r18] }, exclude: [{ 'teacher.model': '50' }] })).toEqual([{ teacher: r18 }]);
  });

  it('does not take the text "1" for the number 1', () => {
    expect(expand({ axes: { a: [1, '1'] }, exclude: [{ a: '1' }] })).toEqual([{ a: 1 }]);
  });
});

/** The example of GitHub's documentation, "Using a matrix for your jobs: expanding or adding matrix configurations". */
describe('expandMatrix includes as GitHub documents it', () => {
  const include = [
    { color: 'green' },
    { color: 'pink', animal: 'cat' },
    { fruit: 'apple', shape: 'circle' },
    { fruit: 'banana' },
    { fruit: 'banana', animal: 'cat' },
  ];

  it('extends, overwrites only what include added, and adds what fits nothing', () => {
    expect(expand({ axes: { fruit: ['apple', 'pear'], animal: ['cat', 'dog'] }, include })).toEqual([
      { animal: 'cat', color: 'pink', fruit: 'apple', shape: 'circle' },
      { animal: 'cat', color: 'pink', fruit: 'pear' },
      { animal: 'dog', color: 'green', fruit: 'apple', shape: 'circle' },
      { animal: 'dog', color: 'green', fruit: 'pear' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ]);
  });

  it('makes every entry a combination when there are no axes', () => {
    expect(expand({ include: [{ a: 1 }, { a: 2, b: 3 }] })).toEqual([{ a: 1 }, { a: 2, b: 3 }]);
  });

  it('applies include after exclude', () => {
    expect(expand({ axes: { a: [1, 2] }, exclude: [{ a: 1 }], include: [{ a: 1, b: 'back' }] })).toEqual([
      { a: 2 },
      { a: 1, b: 'back' },
    ]);
  });
});

describe('expandMatrix with keys that reach through a cell', () => {
  const teachers = [new CellReference('r50'), new CellReference('r18')];

  it('extends the combinations whose cell agrees', () => {
    expect(expand({ axes: { teacher: teachers }, include: [{ 'teacher.model': '50', kd_ratio: 0.7 }] })).toEqual([
      { teacher: teachers[0], kd_ratio: 0.7 },
      { teacher: teachers[1] },
    ]);
  });

  it('reports an entry that fits nothing: it cannot be a combination', () => {
    const matrix = matrixOf({ axes: { teacher: teachers }, include: [{ 'teacher.model': '99', kd_ratio: 1 }] });
    const { combinations, unmatched } = expandMatrix(matrix, reach);
    expect(combinations).toHaveLength(2);
    expect(unmatched).toEqual([matrix.include[0]]);
  });
});

describe('expandMatrix after an override', () => {
  const axes = { kd_method: ['MGD'], ema: [true] };

  it('drops what include says of values that are gone', () => {
    const include = [
      { kd_method: 'MGD', kd_ratio: 0.7 },
      { kd_method: 'AT', kd_ratio: 100 },
    ];
    expect(expand({ axes, include, replaced: ['kd_method'] })).toEqual([
      { ema: true, kd_method: 'MGD', kd_ratio: 0.7 },
    ]);
  });

  it('drops what include says of combinations that exclude took away since', () => {
    const exclude = [{ kd_method: 'AT', ema: true }];
    const include = [{ kd_method: 'AT', kd_ratio: 100 }];
    expect(expand({ axes: { ...axes, kd_method: ['MGD', 'AT'] }, exclude, include, replaced: ['ema'] })).toEqual([
      { ema: true, kd_method: 'MGD' },
    ]);
  });

  it('still adds whole combinations, with the values that the override gave', () => {
    const include = [
      { kd_method: 'AT', ema: true, extra: 1 },
      { kd_method: 'AT', ema: false, extra: 2 },
    ];
    expect(expand({ axes, include, replaced: ['ema'] })).toEqual([{ ema: true, kd_method: 'MGD' }, include[0]]);
  });
});

const value = fc.integer({ min: 0, max: 2 });
const axes = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.uniqueArray(value, { minLength: 1, maxLength: 3 }), {
  maxKeys: 3,
});
const entry = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), value, { minKeys: 1, maxKeys: 3 });

/** Every combination of axes, by counting. */
function plainProduct(lists: Readonly<Record<string, readonly number[]>>): Record<string, number>[] {
  const names = Object.keys(lists).sort();
  if (names.length === 0) return [];
  const size = names.reduce((all, name) => all * (lists[name]?.length ?? 0), 1);
  return Array.from({ length: size }, (_, index) => {
    const combination: Record<string, number> = {};
    let rest = index;
    for (const name of names.toReversed()) {
      const list = lists[name] ?? [];
      combination[name] = list[rest % list.length] ?? 0;
      rest = Math.floor(rest / list.length);
    }
    return combination;
  });
}

const contains = (all: Plain, some: Plain): boolean => Object.entries(some).every(([key, one]) => all[key] === one);

/** GitHub's rules for include, word by word. */
function plainInclude(originals: readonly Plain[], entries: readonly Plain[], names: readonly string[]): Plain[] {
  const extended = originals.map((original) => ({ ...original }));
  const added: Plain[] = [];
  for (const one of entries) {
    const overwrites = (original: Plain): boolean => names.some((name) => name in one && one[name] !== original[name]);
    const fitting = originals
      .map((original, index) => (overwrites(original) ? -1 : index))
      .filter((index) => index >= 0);
    for (const index of fitting) Object.assign(extended[index] ?? {}, one);
    if (fitting.length === 0) added.push(one);
  }
  return [...extended, ...added];
}

const canonical = (combinations: readonly Plain[]): string[] =>
  combinations.map((one) => JSON.stringify(Object.entries(one).sort(([x], [y]) => (x < y ? -1 : 1))));

describe('expandMatrix, for any matrix,', () => {
  it('has as many combinations as the product of its axes', () => {
    fc.assert(
      fc.property(axes, (lists) => {
        const sizes = Object.values(lists).map((list) => list.length);
        expect(expand({ axes: lists })).toHaveLength(sizes.length === 0 ? 0 : sizes.reduce((x, y) => x * y, 1));
      }),
    );
  });

  it('agrees with a product by counting', () => {
    fc.assert(
      fc.property(axes, (lists) => {
        expect(canonical(expand({ axes: lists }))).toEqual(canonical(plainProduct(lists)));
      }),
    );
  });

  it('excludes exactly what contains an entry', () => {
    fc.assert(
      fc.property(axes, fc.array(entry, { maxLength: 3 }), (lists, exclude) => {
        const kept = plainProduct(lists).filter((one) => !exclude.some((some) => contains(one, some)));
        expect(canonical(expand({ axes: lists, exclude }))).toEqual(canonical(kept));
      }),
    );
  });

  it('includes by the rules of GitHub', () => {
    fc.assert(
      fc.property(
        axes,
        fc.array(entry, { maxLength: 4 }),
        fc.array(entry, { maxLength: 2 }),
        (lists, include, exclude) => {
          const kept = plainProduct(lists).filter((one) => !exclude.some((some) => contains(one, some)));
          const wanted = plainInclude(kept, include, Object.keys(lists));
          expect(canonical(expand({ axes: lists, include, exclude }))).toEqual(canonical(wanted));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of its axes', () => {
    fc.assert(
      fc.property(axes, fc.array(entry, { maxLength: 3 }), (lists, include) => {
        const reversed = Object.fromEntries(Object.entries(lists).toReversed());
        expect(canonical(expand({ axes: reversed, include }))).toEqual(canonical(expand({ axes: lists, include })));
      }),
    );
  });

  it('keeps the combinations that exclude and include do not touch', () => {
    fc.assert(
      fc.property(axes, (lists) => {
        const all = expand({ axes: lists });
        expect(expand({ axes: lists, exclude: [{ a: 99 }], include: [] })).toEqual(all);
      }),
    );
  });
});
