import type { Region } from '../../../../src/ml/engines/program.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../../src/core/failure.ts';
import { WasmMemory } from '../../../../src/ml/engines/wasm/memory.ts';

const LINE = 64;
const PAGE = 65536;
const LIMIT = 4 * PAGE;
const LINES = LIMIT / LINE;

/** The allocator as a row of cache lines, each free or taken: first fit by looking at every place. */
class Model {
  readonly taken = Array.from({ length: LINES }, () => false);

  /** Address of the first gap of `count` lines; -1 where there is none. */
  find(count: number): number {
    let run = 0;
    for (let line = 0; line < LINES; line++) {
      run = this.taken[line] ? 0 : run + 1;
      if (run === count) return (line + 1 - count) * LINE;
    }
    return -1;
  }

  mark(address: number, count: number, taken: boolean): void {
    this.taken.fill(taken, address / LINE, address / LINE + count);
  }

  used(): number {
    return this.taken.filter(Boolean).length * LINE;
  }

  /** Bytes of the longest run of free lines. */
  capacity(): number {
    let [run, longest] = [0, 0];
    for (const taken of this.taken) {
      run = taken ? 0 : run + 1;
      longest = Math.max(longest, run);
    }
    return longest * LINE;
  }

  /** End of the last line that is taken, in bytes. */
  end(): number {
    return (this.taken.lastIndexOf(true) + 1) * LINE;
  }
}

const linesOf = (floats: number): number => Math.max(1, Math.ceil((4 * floats) / LINE));

type Command = { readonly take: number } | { readonly give: number };

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    fc.record({ take: fc.oneof(fc.nat(40), fc.nat(LIMIT / 16)) }),
    fc.record({ take: fc.nat(LIMIT / 4) }),
    fc.record({ give: fc.nat(20) }),
  ),
  { maxLength: 80 },
);

describe('the allocator', () => {
  it('does what a first-fit search over cache lines does, in any order of taking and giving back', () => {
    fc.assert(
      fc.property(commands, (all) => {
        const memory = new WasmMemory(0, LIMIT);
        const model = new Model();
        const live: Region[] = [];
        let highest = 0;
        for (const command of all) {
          if ('give' in command) {
            const [region] = live.splice(command.give, 1);
            if (!region) continue;
            memory.free(region);
            model.mark(region.address, linesOf(region.floats), false);
          } else {
            const count = linesOf(command.take);
            const expected = model.find(count);
            if (expected < 0) {
              expect(() => memory.allocate(command.take)).toThrow(FailureError);
              continue;
            }
            const region = memory.allocate(command.take);
            expect(region).toEqual({ address: expected, floats: command.take });
            model.mark(expected, count, true);
            live.push(region);
          }
          highest = Math.max(highest, model.end());
          expect(memory.used()).toBe(model.used());
          expect(memory.capacity()).toBe(model.capacity());
          // One page is there from the start; after that only as many as were ever reached.
          expect(memory.memory.buffer.byteLength).toBe(Math.max(1, Math.ceil(highest / PAGE)) * PAGE);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('clears a region wherever it overlaps what was used before, and leaves its neighbours alone', () => {
    const writes = fc.array(fc.record({ floats: fc.integer({ min: 1, max: 900 }), stays: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(writes, (all) => {
        const memory = new WasmMemory(0, LIMIT);
        const kept: { region: Region; mark: number }[] = [];
        all.forEach(({ floats, stays }, index) => {
          const region = memory.allocate(floats);
          expect(memory.floats(region.address, floats).every((value) => value === 0)).toBe(true);
          memory.floats(region.address, floats).fill(index + 1);
          if (stays) kept.push({ region, mark: index + 1 });
          else memory.free(region);
        });
        for (const { region, mark } of kept)
          expect(memory.floats(region.address, region.floats).every((value) => value === mark)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('gives an empty region a line of its own', () => {
    const memory = new WasmMemory(0, LIMIT);
    const [a, b] = [memory.allocate(0), memory.allocate(0)];
    expect([a.address, b.address]).toEqual([0, LINE]);
    memory.free(a);
    memory.free(b);
    expect(memory.used()).toBe(0);
  });

  it('gives out its last line, and then says that it has none', () => {
    const memory = new WasmMemory(0, LIMIT);
    memory.allocate(LIMIT / 4 - 16);
    expect(memory.capacity()).toBe(LINE);
    expect(memory.allocate(16).address).toBe(LIMIT - LINE);
    expect(memory.capacity()).toBe(0);
    expect(memory.memory.buffer.byteLength).toBe(LIMIT);
    expect(() => memory.allocate(1)).toThrow('no 0.0 MiB left in one piece');
  });

  it('fails without harm: what comes after finds the memory as it was', () => {
    const memory = new WasmMemory(0, LIMIT);
    const region = memory.allocate(PAGE / 4);
    const before = [memory.used(), memory.capacity(), memory.memory.buffer.byteLength];
    expect(() => memory.allocate(LIMIT / 4)).toThrow(FailureError);
    expect([memory.used(), memory.capacity(), memory.memory.buffer.byteLength]).toEqual(before);
    expect(memory.allocate(16).address).toBe(region.address + PAGE);
  });
});
