import { isAlias, isMap, isScalar, isSeq, YAMLParseError, type Document, type Node } from 'yaml';

/**
 * Lists a node and all in it, each before what it holds, keys before their values. Without recursion: files are nested as
 * deeply as their authors like.
 *
 * @param root - a node, or what stands in the place of one
 */
export function* nodesIn(root: unknown): Generator {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const node = waiting.pop();
    yield node;
    if (isMap(node)) for (const { key, value } of node.items.toReversed()) waiting.push(value, key);
    else if (isSeq(node)) for (const item of node.items.toReversed()) waiting.push(item);
  }
}

/**
 * Finds what every alias of a document stands for in one walk; `Alias.resolve` walks for each.
 *
 * @param document - a document
 * @param document.contents - its root
 * @returns the node of each alias: the last one before it with its anchor; none where there is no such node
 */
export function aliasTargets({ contents }: Pick<Document, 'contents'>): ReadonlyMap<unknown, unknown> {
  const targets = new Map<unknown, unknown>();
  const anchors = new Map<string, unknown>();
  for (const node of nodesIn(contents)) {
    if (isAlias(node)) targets.set(node, anchors.get(node.source));
    const { anchor } = (node ?? {}) as { readonly anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, node);
  }
  return targets;
}

/**
 * Adds an error for each key that a mapping has already, as the parser does with `uniqueKeys`, which takes the square of the
 * number of keys.
 *
 * @param document - was parsed with `uniqueKeys: false`
 * @param document.contents - its root
 * @param document.errors - get more
 */
export function noteDuplicateKeys({ contents, errors }: Pick<Document, 'contents' | 'errors'>): void {
  for (const node of nodesIn(contents)) {
    if (!isMap(node)) continue;
    const seen = new Set<unknown>();
    for (const { key } of node.items) {
      const value: unknown = isScalar(key) ? key.value : key;
      const [start = 0] = (key as Node | null)?.range ?? [];
      if (seen.has(value))
        errors.push(new YAMLParseError([start, start + 1], 'DUPLICATE_KEY', 'Map keys must be unique'));
      seen.add(value);
    }
  }
}
