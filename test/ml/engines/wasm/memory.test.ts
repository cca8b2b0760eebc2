import type { Region } from '../../../../src/ml/engines/program.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../../../src/core/failure.ts';
import { WasmMemory } from '../../../../src/ml/engines/wasm/memory.ts';

const LIMIT = 2 ** 20;
const FROM = 1000;

/** Bytes that a region takes up: whole cache lines. */
const sizeOf = ({ floats }: Region): number => Math.ceil(Math.max(1, 4 * floats) / 64) * 64;

describe('wasm memory', () => {
  it('gives out zeroed, aligned regions that never overlap, whatever is given back when', () => {
    const steps = fc.array(fc.record({ floats: fc.nat(20_000), release: fc.option(fc.nat(9)) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const memory = new WasmMemory(FROM, LIMIT);
        const live: Region[] = [];
        for (const { floats, release } of all) {
          const [gone] = release === null ? [] : live.splice(release, 1);
          if (gone) memory.free(gone);
          if (4 * floats > memory.capacity()) continue;
          const region = memory.allocate(floats);
          const values = memory.floats(region.address, floats);
          expect(values.every((value) => value === 0)).toBe(true);
          values.fill(7);
          expect(region.address % 64).toBe(0);
          expect(region.address).toBeGreaterThanOrEqual(FROM);
          expect(region.address + sizeOf(region)).toBeLessThanOrEqual(LIMIT);
          for (const other of live)
            expect(
              other.address + sizeOf(other) <= region.address || region.address + sizeOf(region) <= other.address,
            ).toBe(true);
          live.push(region);
        }
        const bytes = live.reduce((sum, region) => sum + sizeOf(region), 0);
        expect(memory.used()).toBe(bytes + 1024);
        for (const region of live) memory.free(region);
        expect(memory.capacity()).toBe(LIMIT - 1024);
      }),
      { numRuns: 50 },
    );
  });

  it('takes the lowest hole that is large enough, and joins holes that touch', () => {
    const memory = new WasmMemory(0, LIMIT);
    const [a, b, c, d] = [100, 200, 300, 400].map((lines) => memory.allocate(16 * lines));
    memory.free(a!);
    memory.free(c!);
    expect(memory.allocate(16 * 250).address).toBe(c!.address);
    expect(memory.allocate(16 * 90).address).toBe(a!.address);
    memory.free(b!);
    // 10 lines of a, 200 of b.
    expect(memory.allocate(16 * 210).address).toBe(a!.address + 90 * 64);
    expect(d!.address).toBe(600 * 64);
  });

  it('grows no further than what has been given out, and keeps what it has', () => {
    const memory = new WasmMemory(0, LIMIT);
    expect(memory.memory.buffer.byteLength).toBe(65536);
    const region = memory.allocate(100_000);
    const grown = memory.memory.buffer.byteLength;
    expect(grown).toBe(Math.ceil(400_000 / 65536) * 65536);
    memory.free(region);
    memory.allocate(90_000);
    expect(memory.memory.buffer.byteLength).toBe(grown);
  });

  it('shows one place as floats and as integers', () => {
    const memory = new WasmMemory(0, LIMIT);
    const { address } = memory.allocate(4);
    memory.floats(address, 4)[2] = 1;
    expect([...memory.integers(address, 4)]).toEqual([0, 0, 0x3f800000, 0]);
  });

  it('says what it cannot give, and what it could', () => {
    const memory = new WasmMemory(0, LIMIT);
    memory.allocate(LIMIT / 8);
    const failures = (): unknown => {
      try {
        return memory.allocate(LIMIT / 4);
      } catch (error) {
        return error instanceof FailureError && error.failures;
      }
    };
    expect(failures()).toMatchObject([
      {
        code: 'does-not-fit',
        message: 'the wasm engine has no 1.0 MiB left in one piece',
        expected: 'at most 0.5 MiB',
      },
    ]);
    expect(memory.capacity()).toBe(LIMIT / 2);
  });
});
