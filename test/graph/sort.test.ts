import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topologicalOrder } from '../../src/graph/sort.ts';

const order = (graph: Readonly<Record<string, readonly string[]>>): string[] =>
  topologicalOrder(Object.keys(graph), (node) => graph[node] ?? []);

/** A random graph without cycles: node i needs only nodes before it. */
const acyclic = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 25 })
  .map((edges) =>
    Object.fromEntries(
      edges.map((needs, index) => [`n${index}`, index === 0 ? [] : needs.map((need) => `n${need % index}`)]),
    ),
  );

describe('topologicalOrder', () => {
  it('puts what is needed first', () => {
    expect(order({ score: ['student'], student: ['teacher', 'data'], teacher: ['data'], data: [] })).toEqual([
      'data',
      'teacher',
      'student',
      'score',
    ]);
  });

  it('sorts independent nodes by code units', () => {
    expect(order({ b: [], a: [], C: [] })).toEqual(['C', 'a', 'b']);
  });

  it('passes needs over that are no nodes', () => {
    expect(order({ a: ['elsewhere'] })).toEqual(['a']);
  });

  it('gives every node once when it is needed twice', () => {
    expect(order({ a: [], b: ['a', 'a'], c: ['a', 'b'] })).toEqual(['a', 'b', 'c']);
  });

  it('ends even when there is a cycle', () => {
    expect(order({ a: ['b'], b: ['a'] }).sort()).toEqual(['a', 'b']);
  });

  it('does not overflow the stack on a chain of 20,000 nodes', () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => index);
    const chain = Object.fromEntries(nodes.map((index) => [`n${index}`, index === 0 ? [] : [`n${index - 1}`]]));
    const sorted = order(chain);
    expect(sorted).toHaveLength(20_000);
    expect(sorted.at(-1)).toBe('n19999');
  });

  it('puts every need before its node, for any graph without cycles', () => {
    fc.assert(
      fc.property(acyclic, (graph) => {
        const place = new Map(order(graph).map((node, index) => [node, index]));
        expect(place.size).toBe(Object.keys(graph).length);
        for (const [node, needs] of Object.entries(graph)) {
          for (const need of needs) expect(place.get(need)).toBeLessThan(place.get(node) ?? -1);
        }
      }),
    );
  });

  it('does not depend on the order in which nodes and needs are given', () => {
    fc.assert(
      fc.property(acyclic, (graph) => {
        const reversed = Object.fromEntries(
          Object.entries(graph)
            .toReversed()
            .map(([node, needs]) => [node, needs.toReversed()]),
        );
        expect(order(reversed)).toEqual(order(graph));
      }),
    );
  });
});
