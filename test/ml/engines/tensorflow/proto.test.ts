import { describe, expect, it } from 'vitest';
import { Graph } from '../../../../src/ml/engines/tensorflow/graph.ts';
import { savedModel, type NodeDef } from '../../../../src/ml/engines/tensorflow/proto.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const node = (attributes: NodeDef['attributes']): NodeDef => ({ name: 'n', op: 'O', inputs: ['a', '^b'], attributes });

/** What stands between the graph's field and its versions: the node's message. */
function nodeBytes(attributes: NodeDef['attributes']): string {
  const [, message = ''] = /0a016e(.*)22051?0?8?ca?/.exec(hex(savedModel([node(attributes)]))) ?? [];
  return `0a016e${message}`;
}

describe('a saved model', () => {
  it('is a version, a tag and a graph with its nodes and versions', () => {
    // Field 1: 1; field 2: meta graph {1: {4: "kdpipe", 5: "2.0.0"}, 2: {4: {1: 1482, 2: 12}}}.
    expect(hex(savedModel([]))).toBe('0801121a0a0f22066b64706970652a05322e302e301207220508ca0b100c');
  });

  it.each([
    { attribute: { text: 'x' }, bytes: '120178' },
    { attribute: { int: 300 }, bytes: '18ac02' },
    { attribute: { int: -1 }, bytes: '18ffffffffffffffffff01' },
    { attribute: { float: 1 }, bytes: '250000803f' },
    { attribute: { bool: true }, bytes: '2801' },
    { attribute: { type: 'bfloat16' }, bytes: '300e' },
    { attribute: { shape: [2] }, bytes: '3a0412020802' },
    { attribute: { ints: [1, 2] }, bytes: '0a0418011802' },
    {
      attribute: { tensor: { type: 'float', shape: [1], bytes: Uint8Array.of(1, 2, 3, 4) } },
      bytes: '420e0801120412020801220401020304',
    },
  ] as const)('writes $attribute', ({ attribute, bytes }) => {
    const entry = `0a016112${(bytes.length / 2).toString(16).padStart(2, '0')}${bytes}`;
    const expected = `0a016e12014f1a01611a025e622a${(entry.length / 2).toString(16).padStart(2, '0')}${entry}`;
    expect(nodeBytes({ a: attribute })).toContain(expected);
  });
});

describe('a graph', () => {
  it('gives shapes as NumPy broadcasts, and refuses what has another number of elements', () => {
    const graph = new Graph();
    const [a, b] = [graph.fill([3, 1, 2], 0), graph.fill([4, 1], 0)];
    expect(graph.add(a, b).shape).toEqual([3, 4, 2]);
    expect(() => graph.reshape(a, [5])).toThrow('[3,1,2] cannot become [5]');
  });

  it('adds no node for what changes nothing, and equal constants once', () => {
    const graph = new Graph();
    const a = graph.fill([2, 3], 0);
    const { length } = graph.nodes;
    expect(graph.reshape(a, [2, 3])).toBe(a);
    expect(graph.transpose(a, [0, 1])).toBe(a);
    expect(graph.slice(a, [0, 0], [2, 3])).toBe(a);
    expect(graph.cast(a, 'float')).toBe(a);
    expect(graph.nodes).toHaveLength(length);
    expect(graph.scalar(2)).toBe(graph.scalar(2));
    expect(graph.nodes).toHaveLength(length + 1);
  });
});
