import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCycles } from '../../src/graph/cycles.ts';

type Graph = Readonly<Record<string, readonly string[]>>;

const cycles = (graph: Graph): string[][] => findCycles(Object.keys(graph), (node) => graph[node] ?? []);

/** Warshall's transitive closure: a graph has a cycle when some node reaches itself. */
function reachesItself(graph: Graph): boolean {
  const nodes = Object.keys(graph);
  const reaches = new Set(nodes.flatMap((node) => (graph[node] ?? []).map((need) => `${node}>${need}`)));
  for (const middle of nodes) {
    for (const from of nodes) {
      for (const to of nodes) {
        if (reaches.has(`${from}>${middle}`) && reaches.has(`${middle}>${to}`)) reaches.add(`${from}>${to}`);
      }
    }
  }
  return nodes.some((node) => reaches.has(`${node}>${node}`));
}

const anyGraph = fc
  .array(fc.array(fc.nat({ max: 6 }), { maxLength: 3 }), { minLength: 1, maxLength: 7 })
  .map((edges): Graph => {
    const names = edges.map((_, index) => `n${index}`);
    return Object.fromEntries(
      edges.map((needs, index) => [`n${index}`, needs.map((n) => names[n % names.length] ?? '')]),
    );
  });

describe('findCycles', () => {
  it('finds none where there is none', () => {
    expect(cycles({ a: [], b: ['a'], c: ['a', 'b'] })).toEqual([]);
  });

  it('writes a cycle as a path that ends where it starts, with its smallest name first', () => {
    expect(cycles({ c: ['a'], a: ['b'], b: ['c'] })).toEqual([['a', 'b', 'c', 'a']]);
  });

  it('finds a node that needs itself', () => {
    expect(cycles({ a: ['a'] })).toEqual([['a', 'a']]);
  });

  it('finds several cycles that have nothing to do with each other', () => {
    expect(cycles({ a: ['b'], b: ['a'], x: ['y'], y: ['x'] })).toEqual([
      ['a', 'b', 'a'],
      ['x', 'y', 'x'],
    ]);
  });

  it('leaves out what only leads into a cycle', () => {
    expect(cycles({ start: ['a'], a: ['b'], b: ['a'] })).toEqual([['a', 'b', 'a']]);
  });

  it('passes needs over that are no nodes', () => {
    expect(cycles({ a: ['elsewhere'] })).toEqual([]);
  });

  it('does not overflow the stack on a cycle of 20,000 nodes', () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => index);
    const [cycle = []] = cycles(Object.fromEntries(nodes.map((index) => [`n${index}`, [`n${(index + 1) % 20_000}`]])));
    expect(cycle).toHaveLength(20_001);
  });

  it('finds a cycle exactly when some node reaches itself', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        expect(cycles(graph).length > 0).toBe(reachesItself(graph));
      }),
    );
  });

  it('gives only paths whose every step is an edge', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        for (const cycle of cycles(graph)) {
          expect(cycle.at(0)).toBe(cycle.at(-1));
          cycle.slice(1).forEach((node, index) => expect(graph[cycle[index] ?? '']).toContain(node));
        }
      }),
    );
  });
});
